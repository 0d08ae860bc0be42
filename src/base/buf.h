/*
 * Growing output that knows its length and its end: adding past `max` bytes
 * adds nothing and marks the buffer full, so that a caller checks once, at the
 * end. The bytes are not NUL-terminated.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf {
	char *p;
	size_t len;
	size_t cap;
	size_t max;
	bool full;
};

/* An empty buffer without memory; buf_release gives its memory back. */
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);

/* The bytes now belong to the caller, who frees them; the buffer is empty. */
char *buf_take(struct buf *b, size_t *len);

/* Room for n more bytes at p + len; false (and full) when past the maximum. */
bool buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_add_span(struct buf *b, struct span s);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
