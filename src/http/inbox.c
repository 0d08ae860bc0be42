#include "http/inbox.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/mem.h"

/* Of its memory, at first. */
#define BYTES_MIN 512

static void
grow(struct inbox *in, size_t n)
{
	if (n <= in->cap)
		return;
	if (in->cap == 0)
		in->cap = BYTES_MIN;
	while (n > in->cap)
		in->cap *= 2;
	in->p = xreallocarray(in->p, in->cap, 1);
}

/* Takes what has come, as far as there is room. */
static void
fill(struct inbox *in, struct evbuffer *input)
{
	size_t n = evbuffer_get_length(input);

	if (n == 0)
		return;
	in->len -= in->start;
	if (in->start > 0)
		memmove(in->p, in->p + in->start, in->len);
	in->start = 0;
	if (n > HEAD_BYTES_MAX - in->len)
		n = HEAD_BYTES_MAX - in->len;
	grow(in, in->len + n);
	(void)evbuffer_remove(input, in->p + in->len, n);
	in->len += n;
}

static enum head_fault
read_head(struct inbox *in, struct head *h)
{
	if (inbox_is_empty(in))
		return HEAD_PARTIAL;
	return head_read(
	    h, in->p + in->start, in->len - in->start, &in->scanned);
}

enum head_fault
inbox_read(struct inbox *in, struct evbuffer *input, struct head *h)
{
	enum head_fault fault = read_head(in, h);

	if (fault == HEAD_PARTIAL) {
		fill(in, input);
		fault = read_head(in, h);
	}
	if (fault != HEAD_PARTIAL)
		in->scanned = 0;
	return fault;
}

void
inbox_drop(struct inbox *in, size_t n)
{
	in->start += n;
}

bool
inbox_is_empty(const struct inbox *in)
{
	return in->len == in->start;
}

void
inbox_clear(struct inbox *in)
{
	free(in->p);
	*in = (struct inbox){ 0 };
}
