#include "http/encoding.h"

#include <libdeflate.h>

#include "support.h"

#define BODY_MAX (1 << 20)

static void
check_round_trip(const char *row, struct encoder *e, struct span body)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	char *back = malloc(body.len + 1);
	struct buf b;
	size_t len;

	buf_init(&b, BODY_MAX);
	buf_add(&b, body.p, body.len);
	check(row, encoder_gzip(e, &b));
	check_number(row,
	    libdeflate_gzip_decompress(d, b.p, b.len, back, body.len + 1, &len),
	    LIBDEFLATE_SUCCESS);
	check_bytes(row, ((struct span){ back, len }), body);
	if (body.len > 1000)
		check(row, b.len < body.len / 4);
	buf_release(&b);
	free(back);
	libdeflate_free_decompressor(d);
}

/* One after the other with the same encoder, as answers come. */
TEST(round_trips)
{
	struct encoder *e = encoder_new();
	struct buf b;

	check_round_trip("nothing", e, SPAN(""));
	check_round_trip("a byte", e, SPAN("a"));
	check_round_trip("any bytes", e, SPAN("a\0\xff\x1f\x8b"));
	buf_init(&b, BODY_MAX);
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(
		    &b, "memcached_slab_commands{slab=\"%u\"} 1\n", i % 64);
	check_round_trip("metrics", e, span_of_buf(&b));
	check_round_trip("and again", e, span_of_buf(&b));
	buf_release(&b);
	encoder_free(e);
}

/* Nothing was compressed; or nothing was asked for at all. */
TEST(frees)
{
	encoder_free(encoder_new());
	encoder_free(NULL);
}

TESTS("encoding", T(round_trips), T(frees))
