/*
 * The answer to one `get` in the text protocol (protocol.txt, "Retrieval
 * command"):
 *
 *	VALUE SP key SP flags SP bytes [SP cas] CRLF
 *	<bytes> CRLF
 *	END CRLF
 *
 * or END alone when there is no such key. A value holds any bytes: only the
 * length says where it ends.
 */
#ifndef STATS_GET_H
#define STATS_GET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "stats/line.h"

/* A longer value is not even passed over. */
#define GET_BYTES_MAX (16U << 20)

enum get_event {
	GET_MORE,      /* to be continued: with bytes, if some are counted */
	GET_VALUE,     /* so; the value is whole */
	GET_OTHER_KEY, /* so; a value that was not asked for */
	GET_TOO_LARGE, /* so; a value past LINE_VALUE_MAX */
	GET_END,       /* the end of the answer */
	GET_REFUSED,   /* an error in its place */
	GET_BROKEN,    /* where the answer ends cannot be told */
};

struct get_answer {
	size_t bytes;    /* not 0: so many follow, with their CR LF */
	bool is_other;   /* the one that is coming was not asked for */
	bool has_answer; /* a VALUE line has come */
};

/* Takes a line of the answer to a get of the key. */
enum get_event get_line(
    struct get_answer *g, struct span key, const struct line *line);

/*
 * Takes the bytes that are counted, as line_take_bytes gives them, and leaves
 * the value in them.
 */
enum get_event get_bytes(struct get_answer *g, struct span *bytes);

#endif
