/*
 * `stats sizes`: how many items have at most so many bytes, in steps of 32
 * bytes, if the server runs with `-o track_sizes`.
 *
 *	STAT 96 5
 *	STAT sizes_status disabled
 */
#include "base/parse.h"
#include "stats/collector.h"
#include "stats/line.h"

/* Bounds are 2^5, 2^6, …: the least step, and the largest item there can be. */
#define BITS_MIN 5
#define BOUNDS_MAX 26
_Static_assert(BITS_MIN + BOUNDS_MAX - 1 == 30, "the last bound is 1 GiB");

static answer_render_fn render;

static const struct answer_family family = { "memcached_item_size_bytes",
	METRIC_HISTOGRAM, "le",
	"Items by size, each counted with the upper end of its step of 32 "
	"bytes,"
	" so that the sum is an upper bound (stats sizes).",
	render };

struct sizes {
	uint64_t buckets[BOUNDS_MAX + 1];
	double sum;
};

static enum answer_result
take(void *state, const struct line *line)
{
	struct sizes *s = state;
	uint64_t size, count;
	size_t i = 0;

	if (span_is(line->key, "sizes_status") ||
	    span_is(line->key, "sizes_error"))
		return ANSWER_FAILED; /* it does not count them */
	if (parse_u64(line->key, &size) < 0 || size > UINT32_MAX ||
	    parse_u64(line->value, &count) < 0 || count > INT64_MAX)
		return ANSWER_IGNORED;
	while (i < BOUNDS_MAX && size > 1ULL << (BITS_MIN + i))
		i++;
	s->buckets[i] += count;
	s->sum += (double)size * (double)count;
	return ANSWER_TAKEN;
}

static void
render(struct buf *out, enum text_format format, const struct answer_family *f,
    const void *state)
{
	const struct sizes *s = state;
	double bounds[BOUNDS_MAX];
	struct histogram h = { bounds, BOUNDS_MAX, s->buckets, s->sum };

	for (size_t i = 0; i < BOUNDS_MAX; i++)
		bounds[i] = (double)(1ULL << (BITS_MIN + i));
	text_histogram(out, format, f->name, f->help, &h);
}

const struct answer answer_sizes = {
	.size = sizeof(struct sizes),
	.take = take,
	.families = &family,
	.families_len = 1,
};
