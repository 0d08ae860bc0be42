/* How STAT values are read; the functions that the catalogue names. */
#include "base/parse.h"
#include "base/span.h"
#include "stats/catalogue.h"
#include "stats/reply.h"
#include "stats/text.h"

static const struct {
	const char *word;
	char digit;
} switches[] = {
	{ "0", '0' },
	{ "1", '1' },
	{ "no", '0' },
	{ "yes", '1' },
	{ "off", '0' },
	{ "on", '1' },
	{ "stopped", '0' },
	{ "running", '1' },
};

static struct span
without_minus(struct span text)
{
	if (text.len > 0 && text.p[0] == '-')
		return (struct span){ text.p + 1, text.len - 1 };
	return text;
}

/* Most values are a few digits: one walk checks and copies them. */
int
value_uint(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	bool others = false;
	uint64_t n;
	char *p;

	(void)series;
	(void)source;
	if (text.len == 0 || text.len > PARSE_DIGITS_SAFE) {
		if (parse_u64(text, &n) < 0)
			return -1;
		buf_add_span(out, text);
		return 0;
	}
	if (!buf_reserve(out, text.len))
		return 0;
	p = out->p + out->len;
	for (size_t i = 0; i < text.len; i++) {
		p[i] = text.p[i];
		others |= (unsigned char)(text.p[i] - '0') > 9;
	}
	if (others)
		return -1;
	out->len += text.len;
	return 0;
}

int
value_int(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (parse_u64(without_minus(text), &n) < 0)
		return -1;
	buf_add_span(out, text);
	return 0;
}

/* Both parts in range: Prometheus refuses the page for a number too large. */
int
value_decimal(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	struct span whole = without_minus(text);
	const char *dot = memchr(whole.p, '.', whole.len);
	uint64_t n;

	(void)series;
	(void)source;
	if (dot != NULL) {
		size_t len = (size_t)(dot - whole.p);
		struct span part = { dot + 1, whole.len - len - 1 };

		if (parse_u64(part, &n) < 0)
			return -1;
		whole.len = len;
	}
	if (parse_u64(whole, &n) < 0)
		return -1;
	buf_add_span(out, text);
	return 0;
}

/* "sec:usec" is what memcached before 1.2.7 printed, usec not padded. */
int
value_cpu(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	const char *colon = memchr(text.p, ':', text.len);
	struct span sec = text, usec;
	uint64_t s, us;

	if (colon == NULL)
		return value_decimal(out, text, series, source);
	sec.len = (size_t)(colon - text.p);
	usec = (struct span){ colon + 1, text.len - sec.len - 1 };
	if (parse_u64(sec, &s) < 0 || parse_u64(usec, &us) < 0 ||
	    us >= 1000000 || s > UINT64_MAX / 1000000 - 1)
		return -1;
	text_seconds(out, s * 1000000 + us);
	return 0;
}

int
value_micro(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t us;

	(void)series;
	(void)source;
	if (parse_u64(text, &us) < 0)
		return -1;
	text_seconds(out, us);
	return 0;
}

int
value_switch(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	(void)series;
	(void)source;
	for (size_t i = 0; i < nitems(switches); i++) {
		if (span_is(text, switches[i].word)) {
			buf_add_char(out, switches[i].digit);
			return 0;
		}
	}
	return -1;
}

/*
 * memcached prints its connections less the listener: none is 2^64 - 1, or
 * 2^32 - 1 of older servers.
 */
int
value_less_one(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (parse_u64(text, &n) < 0)
		return -1;
	if (n == UINT64_MAX || n == UINT32_MAX)
		buf_add_char(out, '0');
	else
		buf_add_span(out, text);
	return 0;
}

/* The plugin subtracts the end from the start, as an unsigned number. */
int
value_ago(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (parse_u64(text, &n) < 0)
		return -1;
	buf_add_u64(out, n > INT64_MAX ? 0 - n : n);
	return 0;
}

/* The number under a key of the same section and class; 0 when absent. */
static uint64_t
sibling(
    const struct source *source, const struct series *series, const char *key)
{
	struct span text;
	uint64_t n;

	if (!reply_find(
		source->reply, source->place, series->section, key, &text) ||
	    parse_u64(text, &n) < 0)
		return 0;
	return n;
}

static int
less(struct buf *out, struct span text, const struct series *series,
    const struct source *source, const char *const *keys)
{
	uint64_t n;

	if (parse_u64(text, &n) < 0)
		return -1;
	for (; *keys != NULL; keys++) {
		uint64_t part = sibling(source, series, *keys);

		n = n > part ? n - part : 0;
	}
	buf_add_u64(out, n);
	return 0;
}

int
value_stored(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	static const char *const keys[] = { "cas_hits", "cas_misses",
		"cas_badval", NULL };

	return less(out, text, series, source, keys);
}

int
value_slab_stored(struct buf *out, struct span text,
    const struct series *series, const struct source *source)
{
	static const char *const keys[] = { "cas_hits", "cas_badval", NULL };

	return less(out, text, series, source, keys);
}
