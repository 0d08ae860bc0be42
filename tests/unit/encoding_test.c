#include "http/encoding.h"

#include <isa-l/igzip_lib.h>

#include "support.h"

#define BODY_MAX (1 << 20)

/* ISA-L's other half, which checks the checksum and the length as well. */
static void
check_unpacks(const char *row, struct span packed, struct span body)
{
	struct inflate_state *state = calloc(1, sizeof(*state));
	char *back = malloc(body.len + 1);

	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;
	state->next_in = (uint8_t *)(uintptr_t)packed.p;
	state->avail_in = (uint32_t)packed.len;
	state->next_out = (uint8_t *)back;
	state->avail_out = (uint32_t)body.len + 1;
	check_number(row, isal_inflate(state), ISAL_DECOMP_OK);
	check_number(row, state->block_state, ISAL_BLOCK_FINISH);
	check_number(row, state->avail_in, 0);
	check_bytes(row, ((struct span){ back, state->total_out }), body);
	free(back);
	free(state);
}

/* The stream with each of two ends; without a tail it has at most `most`. */
static void
check_round_trip(
    const char *row, struct encoder *e, struct span text, size_t most)
{
	static const char header[] = { 0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0 };
	static const char *const tails[] = { "", "memcached_up 1\n# EOF\n" };
	struct packed packed = { 0 };
	struct buf whole, all;
	uint8_t end[ENCODING_END_MAX];

	check(row, encoder_gzip(e, text, &packed));
	/* no name, no time; the same at any time and on any system */
	check_bytes(row, ((struct span){ packed.bytes.p, sizeof(header) }),
	    ((struct span){ header, sizeof(header) }));
	for (size_t i = 0; i < nitems(tails); i++) {
		struct span tail = span_of(tails[i]);

		buf_init(&whole, BODY_MAX);
		buf_init(&all, BODY_MAX);
		buf_add_span(&whole, span_of_buf(&packed.bytes));
		buf_add(&whole, end, encoding_end(&packed, tail, end));
		check(row, whole.len <= most + tail.len);
		buf_add_span(&all, text);
		buf_add_span(&all, tail);
		check_unpacks(row, span_of_buf(&whole), span_of_buf(&all));
		buf_release(&whole);
		buf_release(&all);
	}
	buf_release(&packed.bytes);
}

/* One after the other with the same encoder, as answers come. */
TEST(round_trips)
{
	struct encoder *e = encoder_new();
	struct buf b;

	check_round_trip("nothing", e, SPAN(""), 23);
	check_round_trip("a byte", e, SPAN("a"), 34);
	check_round_trip("any bytes", e, SPAN("a\0\xff\x1f\x8b"), 38);
	buf_init(&b, BODY_MAX);
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(
		    &b, "memcached_slab_commands{slab=\"%u\"} 1\n", i % 64);
	check_round_trip("metrics", e, span_of_buf(&b), b.len / 4);
	check_round_trip("and again", e, span_of_buf(&b), b.len / 4);
	buf_release(&b);
	encoder_free(e);
}

/*
 * Noise is stored, in blocks of at most 65,535 bytes with headers of five. Two
 * more blocks hold nothing: one ends the start, one the stream.
 */
TEST(noise)
{
	static const size_t sizes[] = { 512, 65534, 65535, 65536, 131070,
		131071, 500000 };
	struct encoder *e = encoder_new();
	uint32_t n = 1;
	struct buf b;

	for (size_t i = 0; i < nitems(sizes); i++) {
		size_t blocks = (sizes[i] + 65534) / 65535;

		buf_init(&b, BODY_MAX);
		while (b.len < sizes[i]) {
			n = n * 1664525 + 1013904223;
			buf_add_char(&b, (char)(n >> 24));
		}
		check_round_trip("noise", e, span_of_buf(&b),
		    18 + (blocks + 2) * 5 + sizes[i]);
		buf_release(&b);
	}
	encoder_free(e);
}

/* The longest that an end may add. */
TEST(longest_tail)
{
	struct encoder *e = encoder_new();
	struct packed packed = { 0 };
	char text[ENCODING_TAIL_MAX];
	uint8_t end[ENCODING_END_MAX];
	struct buf whole;

	memset(text, 'x', sizeof(text));
	assert_true(encoder_gzip(e, SPAN(""), &packed));
	buf_init(&whole, BODY_MAX);
	buf_add_span(&whole, span_of_buf(&packed.bytes));
	buf_add(&whole, end,
	    encoding_end(&packed, (struct span){ text, sizeof(text) }, end));
	check_unpacks("longest", span_of_buf(&whole),
	    (struct span){ text, sizeof(text) });
	buf_release(&whole);
	buf_release(&packed.bytes);
	encoder_free(e);
}

/* Nothing was compressed; or nothing was asked for at all. */
TEST(frees)
{
	encoder_free(encoder_new());
	encoder_free(NULL);
}

TESTS("encoding", T(round_trips), T(noise), T(longest_tail), T(frees))
