/*
 * `stats extstore`: the pages of the storage file, of which there may be
 * thousands. They are added up by bucket, the kind of items that a page holds.
 *
 *	STAT 0:version 7
 *	STAT 0:bytes 65536
 *	STAT 0:bucket 0
 *	STAT 0:free_bucket 0
 *
 * A page without a version is free, and belongs to its free_bucket.
 */
#include "base/parse.h"
#include "stats/collector.h"
#include "stats/line.h"

/* memcached has six; further ones are left out, and their lines counted. */
#define BUCKETS_MAX 32

static answer_render_fn render_pages, render_bytes;

static const struct answer_family families[] = {
	{ "memcached_extstore_pages", METRIC_GAUGE, "bucket,state",
	    "Pages of extstore by bucket, free or used"
	    " (version, bucket, free_bucket).",
	    render_pages },
	{ "memcached_extstore_page_bytes", METRIC_GAUGE, "bucket",
	    "Bytes of valid items in the used pages of a bucket"
	    " (bytes).",
	    render_bytes },
};

enum key {
	PAGE_VERSION,
	PAGE_BYTES,
	PAGE_BUCKET,
	PAGE_FREE_BUCKET,
	PAGE_KEYS
};

static const char *const keys[PAGE_KEYS] = {
	[PAGE_VERSION] = "version",
	[PAGE_BYTES] = "bytes",
	[PAGE_BUCKET] = "bucket",
	[PAGE_FREE_BUCKET] = "free_bucket",
};

struct bucket {
	uint64_t used, free, bytes;
	bool is_there;
};

struct extstore {
	/* the page whose lines are coming */
	uint64_t page;
	uint64_t values[PAGE_KEYS];
	bool has[PAGE_KEYS];

	struct bucket buckets[BUCKETS_MAX];
};

/* All lines of a page have come. */
static void
count_page(struct extstore *x)
{
	bool is_free = x->values[PAGE_VERSION] == 0;
	enum key key = is_free && x->has[PAGE_FREE_BUCKET] ? PAGE_FREE_BUCKET
							   : PAGE_BUCKET;
	struct bucket *b = &x->buckets[x->values[key]];

	if (x->has[PAGE_VERSION] && x->has[key]) {
		b->is_there = true;
		b->used += !is_free;
		b->free += is_free;
		b->bytes += is_free ? 0 : x->values[PAGE_BYTES];
	}
	memset(x->values, 0, sizeof(x->values));
	memset(x->has, 0, sizeof(x->has));
}

static bool
is_in_range(enum key key, uint64_t n)
{
	if (key == PAGE_BUCKET || key == PAGE_FREE_BUCKET)
		return n < BUCKETS_MAX;
	return n <= UINT32_MAX || key == PAGE_VERSION;
}

static enum answer_result
take(void *state, const struct line *line)
{
	const char *colon = memchr(line->key.p, ':', line->key.len);
	struct extstore *x = state;
	struct span number = line->key, key;
	uint64_t page, n;

	if (colon == NULL)
		return ANSWER_IGNORED;
	number.len = (size_t)(colon - number.p);
	key = (struct span){ colon + 1, line->key.len - number.len - 1 };
	if (parse_u64(number, &page) < 0)
		return ANSWER_IGNORED;
	if (page != x->page)
		count_page(x);
	x->page = page;
	for (size_t i = 0; i < PAGE_KEYS; i++) {
		if (!span_is(key, keys[i]))
			continue;
		if (parse_u64(line->value, &n) < 0 ||
		    !is_in_range((enum key)i, n))
			return ANSWER_IGNORED;
		x->values[i] = n;
		x->has[i] = true;
	}
	return ANSWER_TAKEN;
}

static void
end(void *state)
{
	count_page(state);
}

static void
add_sample(struct buf *out, const struct answer_family *f, size_t bucket,
    const char *pages, uint64_t value)
{
	buf_printf(out, "%s{bucket=\"%zu\"", f->name, bucket);
	if (pages != NULL)
		text_label(out, "state", span_of(pages));
	buf_add_str(out, "} ");
	buf_add_u64(out, value);
	buf_add_char(out, '\n');
}

static bool
has_buckets(const struct extstore *x)
{
	bool any = false;

	for (size_t i = 0; i < BUCKETS_MAX; i++)
		any |= x->buckets[i].is_there;
	return any;
}

static void
render_pages(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state)
{
	const struct extstore *x = state;

	if (has_buckets(x))
		text_family(out, format, f->name, f->type, f->help);
	for (size_t i = 0; i < BUCKETS_MAX; i++) {
		const struct bucket *b = &x->buckets[i];

		if (!b->is_there)
			continue;
		add_sample(out, f, i, "free", b->free);
		add_sample(out, f, i, "used", b->used);
	}
}

static void
render_bytes(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state)
{
	const struct extstore *x = state;

	if (has_buckets(x))
		text_family(out, format, f->name, f->type, f->help);
	for (size_t i = 0; i < BUCKETS_MAX; i++) {
		if (x->buckets[i].is_there)
			add_sample(out, f, i, NULL, x->buckets[i].bytes);
	}
}

const struct answer answer_extstore = {
	.size = sizeof(struct extstore),
	.take = take,
	.end = end,
	.families = families,
	.families_len = nitems(families),
};
