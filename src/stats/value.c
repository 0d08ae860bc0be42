/* How STAT values are read; the functions that the catalogue names. */
#include <stdlib.h>

#include "base/parse.h"
#include "base/span.h"
#include "stats/catalogue.h"
#include "stats/dialect.h"
#include "stats/reply.h"
#include "stats/text.h"

/*
 * Of a number that is not whole: a double knows no more of it. What has more
 * digits in front of the point, or in the exponent, is out of range.
 */
#define WHOLE_DIGITS_MAX 20
#define FRACTION_DIGITS_MAX 40
#define EXPONENT_DIGITS_MAX 3
#define NUMBER_BYTES_MAX                                                       \
	(WHOLE_DIGITS_MAX + FRACTION_DIGITS_MAX + EXPONENT_DIGITS_MAX + 8)

#define GAUGE_LIMIT 9223372036854775808.0 /* 2^63 */
#define GAUGE_WRAPPED 9223372036854775808U

#define CLOCK_AHEAD_SECONDS 60 /* ITEM_UPDATE_INTERVAL of memcached */

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

static bool
is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A server may send thousands of them. */
static struct span
without_zeros(struct span text)
{
	while (text.len > 1 && text.p[0] == '0' &&
	       is_digit(text.p + 1, text.p + text.len)) {
		text.p++;
		text.len--;
	}
	return text;
}

enum value_result
value_counter(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (value_copy_digits(out, text))
		return VALUE_WRITTEN;
	if (parse_u64(text, &n) < 0)
		return VALUE_BAD;
	buf_add_span(out, without_zeros(text));
	return VALUE_WRITTEN;
}

/* What is left of a number, and how it is written again. */
struct number {
	const char *p, *end;
	char text[NUMBER_BYTES_MAX];
	size_t len;
	size_t digits; /* in front of the point */
	bool whole, has_exponent;
};

/*
 * Moves digits, of which `kept` at most are written; returns how many there
 * were. Whether more of them matter, the caller knows.
 */
static size_t
take_digits(struct number *n, size_t kept)
{
	const char *from = n->p;
	size_t len;

	while (is_digit(n->p, n->end))
		n->p++;
	len = (size_t)(n->p - from);
	if (kept > len)
		kept = len;
	memcpy(n->text + n->len, from, kept);
	n->len += kept;
	return len;
}

/* Moves one of the characters, if it is next. */
static bool
take_one(struct number *n, const char *of)
{
	if (n->p == n->end || *n->p == '\0' || strchr(of, *n->p) == NULL)
		return false;
	n->text[n->len++] = *n->p++;
	return true;
}

static void
skip_zeros(struct number *n)
{
	n->p = without_zeros((struct span){ n->p, (size_t)(n->end - n->p) }).p;
}

/* [-]digits[.digits][e[+-]digits], to the end; and not out of all range. */
static bool
take_number(struct number *n)
{
	size_t digits;

	(void)take_one(n, "-");
	skip_zeros(n);
	digits = take_digits(n, WHOLE_DIGITS_MAX);
	if (digits == 0 || digits > WHOLE_DIGITS_MAX)
		return false;
	n->digits = digits;
	n->whole = n->p == n->end;
	if (take_one(n, ".") && take_digits(n, FRACTION_DIGITS_MAX) == 0)
		return false;
	if (take_one(n, "eE")) {
		n->has_exponent = true;
		(void)take_one(n, "+-");
		digits = take_digits(n, EXPONENT_DIGITS_MAX);
		if (digits == 0 || digits > EXPONENT_DIGITS_MAX)
			return false;
	}
	n->text[n->len] = '\0';
	return n->p == n->end;
}

/* strtod reads only what has been looked through. */
static bool
is_in_range(const struct number *n, bool negative)
{
	bool minus = n->text[0] == '-';
	double d;

	if (minus && !negative)
		return false;
	if (n->whole) {
		struct span digits = { n->text + minus, n->len - minus };
		uint64_t u;

		return parse_u64(digits, &u) == 0 &&
		       u <= INT64_MAX + (uint64_t)minus;
	}
	if (!n->has_exponent && n->digits < PARSE_DIGITS_SAFE)
		return true;
	d = strtod(n->text, NULL);
	return d < GAUGE_LIMIT && d > -GAUGE_LIMIT;
}

static enum value_result
write_number(struct buf *out, struct span text, bool negative)
{
	struct number n = { .p = text.p, .end = text.p + text.len };

	if (!take_number(&n) || !is_in_range(&n, negative))
		return VALUE_BAD;
	buf_add(out, n.text, n.len);
	return VALUE_WRITTEN;
}

enum value_result
value_gauge(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	(void)series;
	(void)source;
	if (value_copy_digits(out, text))
		return VALUE_WRITTEN;
	return write_number(out, text, false);
}

enum value_result
value_count(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (value_copy_digits(out, text))
		return VALUE_WRITTEN;
	if (parse_u64(text, &n) < 0 || n > INT64_MAX)
		return VALUE_BAD;
	buf_add_u64(out, n);
	return VALUE_WRITTEN;
}

enum value_result
value_signed(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	(void)series;
	(void)source;
	return write_number(out, text, true);
}

/*
 * memcached prints its connections less the listener, so that none is
 * 2^64 - 1, or 2^32 - 1 of older servers; more of the kind has been seen.
 */
enum value_result
value_connections(struct buf *out, struct span text,
    const struct series *series, const struct source *source)
{
	uint64_t n;

	if (parse_u64(text, &n) < 0 || n <= INT32_MAX)
		return value_count(out, text, series, source);
	buf_add_char(out, '0');
	return VALUE_WRITTEN;
}

enum value_result
value_uptime(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t ms;

	if (!source->dialect->milliseconds)
		return value_gauge(out, text, series, source);
	if (parse_u64(text, &ms) < 0 || ms > INT64_MAX / 1000)
		return VALUE_BAD;
	text_seconds(out, ms * 1000);
	return VALUE_WRITTEN;
}

enum value_result
value_age(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	const struct dialect *dialect = source->dialect;
	uint64_t n;

	if (parse_u64(text, &n) == 0 && n > dialect->uptime && !dialect->engine)
		return VALUE_BAD;
	return value_gauge(out, text, series, source);
}

/*
 * memcached's clock is ahead of its uptime, and it reads the certificates
 * before the clock runs: until it reads them again, their age is the uptime,
 * and CLOCK_AHEAD_SECONDS too much.
 */
enum value_result
value_certificate_age(struct buf *out, struct span text,
    const struct series *series, const struct source *source)
{
	uint64_t n, uptime = source->dialect->uptime;

	if (parse_u64(text, &n) == 0 && n > uptime &&
	    n - uptime <= CLOCK_AHEAD_SECONDS) {
		buf_add_u64(out, uptime);
		return VALUE_WRITTEN;
	}
	return value_age(out, text, series, source);
}

/* The plugin subtracts the end from the start, as an unsigned number. */
enum value_result
value_ago(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t n;

	(void)series;
	(void)source;
	if (parse_u64(text, &n) < 0 || n == GAUGE_WRAPPED)
		return VALUE_BAD;
	buf_add_u64(out, n > INT64_MAX ? 0 - n : n);
	return VALUE_WRITTEN;
}

/* "sec:usec" is what memcached before 1.2.7 printed, usec not padded. */
enum value_result
value_cpu(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	const char *colon = memchr(text.p, ':', text.len);
	struct span sec = text, usec;
	uint64_t s, us;

	if (colon == NULL)
		return value_gauge(out, text, series, source);
	sec.len = (size_t)(colon - text.p);
	usec = (struct span){ colon + 1, text.len - sec.len - 1 };
	if (parse_u64(sec, &s) < 0 || parse_u64(usec, &us) < 0 ||
	    us >= 1000000 || s > UINT64_MAX / 1000000 - 1)
		return VALUE_BAD;
	text_seconds(out, s * 1000000 + us);
	return VALUE_WRITTEN;
}

enum value_result
value_micro(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t us;

	(void)series;
	(void)source;
	if (parse_u64(text, &us) < 0)
		return VALUE_BAD;
	text_seconds(out, us);
	return VALUE_WRITTEN;
}

enum value_result
value_kib(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	uint64_t kib;

	(void)series;
	(void)source;
	if (parse_u64(text, &kib) < 0 || kib > INT64_MAX / 1024)
		return VALUE_BAD;
	buf_add_u64(out, kib * 1024);
	return VALUE_WRITTEN;
}

enum value_result
value_switch(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	(void)series;
	(void)source;
	for (size_t i = 0; i < nitems(switches); i++) {
		if (span_is(text, switches[i].word)) {
			buf_add_char(out, switches[i].digit);
			return VALUE_WRITTEN;
		}
	}
	return VALUE_BAD;
}

/* The number under a key of the same collector and class; 0 when absent. */
static uint64_t
sibling(
    const struct source *source, const struct series *series, const char *key)
{
	struct span text;
	uint64_t n;

	if (!reply_find(
		source->reply, source->place, series->collector, key, &text) ||
	    parse_u64(text, &n) < 0)
		return 0;
	return n;
}

static enum value_result
less(struct buf *out, struct span text, const struct series *series,
    const struct source *source, const char *const *keys)
{
	uint64_t n;

	if (source->dialect->rates)
		return VALUE_FOREIGN;
	if (parse_u64(text, &n) < 0)
		return VALUE_BAD;
	for (; *keys != NULL && !source->dialect->engine; keys++) {
		uint64_t part = sibling(source, series, *keys);

		n = n > part ? n - part : 0;
	}
	buf_add_u64(out, n);
	return VALUE_WRITTEN;
}

enum value_result
value_requests(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	if (source->dialect->rates)
		return VALUE_FOREIGN;
	return value_counter(out, text, series, source);
}

enum value_result
value_stored(struct buf *out, struct span text, const struct series *series,
    const struct source *source)
{
	static const char *const keys[] = { "cas_hits", "cas_misses",
		"cas_badval", NULL };

	return less(out, text, series, source, keys);
}

enum value_result
value_slab_stored(struct buf *out, struct span text,
    const struct series *series, const struct source *source)
{
	static const char *const keys[] = { "cas_hits", "cas_badval", NULL };

	return less(out, text, series, source, keys);
}
