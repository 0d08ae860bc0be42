#include "http/encoding.h"

#include <assert.h>
#include <stdlib.h>

#include <isa-l.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "base/mem.h"

/* The fastest, which needs no more memory than the stream's. */
#define LEVEL 0

/* What does not get smaller is stored, in blocks with headers (RFC 1951). */
#define STORED_BYTES_MAX 65535
#define STORED_HEADER_BYTES 5

/* An empty block, with which the start ends at a whole byte. */
#define FLUSH_BYTES STORED_HEADER_BYTES

/* gzip; no flags, no time, no hint, no system (RFC 1952, section 2.3). */
static const char header[] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0,
	(char)0xff };

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

	return blocks * STORED_HEADER_BYTES + len + FLUSH_BYTES;
}

static const uint8_t *
bytes_of(struct span s)
{
	return (const uint8_t *)s.p;
}

/* What ISA-L reads, through a pointer that could write. */
static uint8_t *
input_of(struct span s)
{
	union {
		const char *from;
		uint8_t *to;
	} input = { s.p };

	return input.to;
}

/* Behind what out has. */
static bool
deflate(struct encoder *e, struct span text, struct buf *out)
{
	struct isal_zstream *z;

	/* zeroed: not all that has to be is by isal_deflate_stateless_init */
	if (e->stream == NULL)
		e->stream = xcalloc(1, sizeof(*e->stream));
	z = e->stream;
	isal_deflate_stateless_init(z);
	z->level = LEVEL;
	z->end_of_stream = 0;
	z->flush = FULL_FLUSH;
	z->next_in = input_of(text);
	z->avail_in = (uint32_t)text.len;
	z->next_out = (uint8_t *)out->p + out->len;
	z->avail_out = (uint32_t)(out->max - out->len);
	if (isal_deflate_stateless(z) != COMP_OK)
		return false;
	out->len += z->total_out;
	return true;
}

bool
encoder_gzip(struct encoder *e, struct span text, struct packed *packed)
{
	size_t max = sizeof(header) + bound(text.len);
	struct buf out;

	buf_init(&out, max);
	if (max > UINT32_MAX || !buf_reserve(&out, max))
		return false;
	buf_add(&out, header, sizeof(header));
	if (text.len > 0 && !deflate(e, text, &out)) {
		buf_release(&out);
		return false;
	}
	packed->bytes = out;
	packed->checksum = crc32_gzip_refl(0, bytes_of(text), text.len);
	packed->len = (uint32_t)text.len;
	return true;
}

/* The first n bytes of a number, the lowest ones first. */
static uint8_t *
put(uint8_t *p, uint32_t number, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*p++ = (uint8_t)(number >> 8 * i);
	return p;
}

size_t
encoding_end(const struct packed *packed, struct span tail,
    uint8_t end[ENCODING_END_MAX])
{
	uint32_t len = (uint32_t)tail.len;
	uint8_t *p = end;

	assert(tail.len <= ENCODING_TAIL_MAX);
	*p++ = 1; /* stored, and the last block */
	p = put(p, len, 2);
	p = put(p, ~len, 2);
	if (len > 0)
		p = mempcpy(p, tail.p, len);
	p = put(
	    p, crc32_gzip_refl(packed->checksum, bytes_of(tail), tail.len), 4);
	p = put(p, packed->len + len, 4);
	return (size_t)(p - end);
}

#define QUOTED(n) #n
#define TEXT(n) QUOTED(n)

const char *
encoding_library_version(void)
{
	return TEXT(ISAL_MAJOR_VERSION) "." TEXT(ISAL_MINOR_VERSION) "." TEXT(
	    ISAL_PATCH_VERSION);
}
