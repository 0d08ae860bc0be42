/*
 * The head of an HTTP/1 request: its request line and its header (RFC 9112,
 * sections 2 to 6). Pure: it reads bytes where they lie and keeps spans of
 * them, so that a header costs no memory of its own.
 *
 * Lines end with CRLF or LF. Whatever another program could read in another
 * way is refused: a proxy in front may have seen a different request.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Of a head, with its line ends. */
#define HEAD_BYTES_MAX 16384

/* Lines of a header. */
#define HEAD_FIELDS_MAX 100

enum head_fault {
	HEAD_FINE,
	HEAD_PARTIAL, /* its end has not come yet */
	HEAD_TOO_LARGE,
	HEAD_NOT_HTTP,
	HEAD_NOT_A_TARGET,
	HEAD_NOT_A_HEADER,
	HEAD_CONTROL,
	HEAD_FOLDED,
	HEAD_HOST,
	HEAD_TRANSFER_ENCODING,
	HEAD_LENGTH,
	HEAD_LENGTHS,
	HEAD_BODY,
	HEAD_EXPECT,
	HEAD_NOT_TLS, /* found by the connection, not here */
	HEAD_FAULTS
};

struct head {
	size_t len;         /* of all its bytes */
	struct span method; /* a token */
	struct span path;   /* as it came; begins with "/", or is "*" */
	struct span query;  /* what is behind "?", as it came */
	struct span fields; /* the lines of the header */
	bool is_http10;
	bool keeps_alive; /* the client does not ask for the connection's end */
};

struct head_field {
	struct span name;
	struct span value; /* without the blanks around it */
};

/*
 * Reads the head that the len bytes at p begin with. *scanned is 0 for the
 * first call, and kept between calls that add bytes: so each byte is looked at
 * once while the end has not come. Any other result than HEAD_PARTIAL is final.
 * Only HEAD_FINE fills *h; else at most the method is there.
 */
enum head_fault head_read(
    struct head *h, const char *p, size_t len, size_t *scanned);

/* The status and the sentence for a client: not of the first two. */
int head_fault_status(enum head_fault fault);
const char *head_fault_sentence(enum head_fault fault);

/*
 * The next line of the header: *rest is h->fields for the first. False when
 * there is none.
 */
bool head_next(struct span *rest, struct head_field *f);

/* The value of the first line of that name, in any case; p is NULL for none. */
struct span head_value(const struct head *h, const char *name);

#endif
