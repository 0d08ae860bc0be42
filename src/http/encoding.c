#include "http/encoding.h"

#include <stdint.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>

#include "base/mem.h"

/* The fastest, which needs no more memory than the stream's. */
#define LEVEL 0

/* A header and a trailer (RFC 1952). */
#define WRAPPER_BYTES 18

/* What does not get smaller is stored, in blocks with headers (RFC 1951). */
#define STORED_BYTES_MAX 65535
#define STORED_HEADER_BYTES 5

struct encoder {
	struct isal_zstream *stream;
};

struct encoder *
encoder_new(void)
{
	return xcalloc(1, sizeof(struct encoder));
}

void
encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	free(e->stream);
	free(e);
}

/* What isal_deflate_stateless never needs more than. */
static size_t
bound(size_t len)
{
	size_t blocks = len / STORED_BYTES_MAX + 1;

	return WRAPPER_BYTES + blocks * STORED_HEADER_BYTES + len;
}

bool
encoder_gzip(struct encoder *e, struct buf *body)
{
	size_t max = bound(body->len);
	struct isal_zstream *z;
	struct buf out;

	/* zeroed: not all that has to be is by isal_deflate_stateless_init */
	if (e->stream == NULL)
		e->stream = xcalloc(1, sizeof(*e->stream));
	z = e->stream;
	buf_init(&out, max);
	if (max > UINT32_MAX || !buf_reserve(&out, max))
		return false;
	isal_deflate_stateless_init(z);
	z->level = LEVEL;
	z->gzip_flag = IGZIP_GZIP;
	z->next_in = (uint8_t *)body->p;
	z->avail_in = (uint32_t)body->len;
	z->next_out = (uint8_t *)out.p;
	z->avail_out = (uint32_t)max;
	if (isal_deflate_stateless(z) != COMP_OK) {
		buf_release(&out);
		return false;
	}
	out.len = z->total_out;
	buf_release(body);
	*body = out;
	return true;
}
