/*
 * Lines of memcached's text protocol (protocol.txt, "Statistics"), read
 * leniently:
 *
 *	STAT SP key SP value…  CRLF
 *
 * The value is the rest of the line with its inner blanks; the trailing CR and
 * blanks are cut; it may be empty or missing. LF alone ends a line as well.
 */
#ifndef STATS_LINE_H
#define STATS_LINE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

/* A longer line is reported as LINE_LONG, without its text. */
#define LINE_LENGTH_MAX 8192

enum line_kind {
	LINE_STAT,
	LINE_END,
	/* ERROR, CLIENT_ERROR, SERVER_ERROR, or with a colon: ends an answer */
	LINE_ERROR,
	LINE_RESET,     /* the answer to `stats reset`: ends an answer */
	LINE_PREFIX,    /* a line of `stats detail dump` */
	LINE_VALUE,     /* of `get`: VALUE key flags bytes [cas] */
	LINE_WORD,      /* begins with another word in capitals: INVALID */
	LINE_COMPLAINT, /* and with one of an error in another case: Error */
	LINE_OTHER,     /* anything else */
	LINE_LONG,
};

struct line {
	enum line_kind kind;
	struct span text;  /* the whole line without its end */
	struct span key;   /* STAT only */
	struct span value; /* STAT only */
};

/* A longer value is not kept. */
#define LINE_VALUE_MAX (1U << 20)

/* More counted bytes than this are passed over: a value and CR LF. */
#define LINE_BYTES_MAX (LINE_VALUE_MAX + 2)

/*
 * Cuts a stream into lines and, where a line says how many bytes follow it,
 * these; holds at most one piece that is not whole yet.
 */
struct line_splitter {
	struct buf partial; /* full: of a line that is too long */
	struct buf counted;
	size_t passed; /* of counted bytes that are too many */
};

void line_splitter_init(struct line_splitter *s);
void line_splitter_release(struct line_splitter *s);

/*
 * Takes the next whole line off the front of *data. The line's spans are valid
 * until the next call. Returns false when what is left of *data is no whole
 * line: it was kept, and *data is empty.
 */
bool line_next(struct line_splitter *s, struct span *data, struct line *line);

/*
 * Takes the next n bytes off the front of *data, as the lines after `get` count
 * them: they may hold line ends. The span is valid until the next call, and
 * without a pointer when n is past LINE_BYTES_MAX. Returns false when they are
 * not whole: ask again, with the same n, when there is more.
 */
bool line_take_bytes(
    struct line_splitter *s, struct span *data, size_t n, struct span *bytes);

/*
 * Whether what is kept of a line that is not whole may become one of the
 * protocol; so may nothing at all.
 */
bool line_splitter_may_go_on(const struct line_splitter *s);

#endif
