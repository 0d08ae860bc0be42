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

/* One over n bytes of the caller's: it takes no memory, and none is its own. */
void buf_init_over(struct buf *b, void *bytes, size_t n);

/* The bytes now belong to the caller, which frees them; the buffer is empty. */
char *buf_take(struct buf *b, size_t *len);

/* Room for n more bytes at p + len; false (and full) when past the maximum. */
bool buf_grow(struct buf *b, size_t n);

static inline bool
buf_reserve(struct buf *b, size_t n)
{
	return n <= b->cap - b->len || buf_grow(b, n);
}

/* In the header, since most of what is added is a few known bytes. */
static inline void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0 || !buf_reserve(b, len))
		return;
	memcpy(b->p + b->len, data, len);
	b->len += len;
}

static inline void
buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static inline void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void
buf_add_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.len);
}

void buf_add_u64(struct buf *b, uint64_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
