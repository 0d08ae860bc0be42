#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define BUF_FIRST 1024

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_init_over(struct buf *b, void *bytes, size_t n)
{
	*b = (struct buf){ .p = bytes, .cap = n, .max = n };
}

void
buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

char *
buf_take(struct buf *b, size_t *len)
{
	char *p = b->p;

	*len = b->len;
	buf_init(b, b->max);
	return p;
}

bool
buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap;

	if (b->full || n > b->max - b->len) {
		b->full = true;
		b->cap = b->len; /* what would still fit comes here, too */
		return false;
	}
	if (cap == 0)
		cap = BUF_FIRST;
	while (cap - b->len < n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	b->p = xreallocarray(b->p, cap, 1);
	b->cap = cap;
	return true;
}

void
buf_add_u64(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}
