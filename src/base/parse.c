#include "base/parse.h"

#include <stddef.h>

/* The longest duration of Go: 292 years. */
#define DURATION_NS_MAX ((uint64_t)INT64_MAX)

#define SECOND_NS 1000000000ULL

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	/* "ms" before "m": the longer name first */
	{ "ns", 1ULL },
	{ "us", 1000ULL },
	{ "\xc2\xb5s", 1000ULL }, /* U+00B5, the micro sign */
	{ "\xce\xbcs", 1000ULL }, /* U+03BC, the Greek letter */
	{ "ms", 1000000ULL },
	{ "s", SECOND_NS },
	{ "m", 60 * SECOND_NS },
	{ "h", 3600 * SECOND_NS },
	{ "d", 24 * 3600 * SECOND_NS },
	{ "w", 7 * 24 * 3600 * SECOND_NS },
};

static const struct {
	const char *name;
	bool value;
} switches[] = {
	{ "true", true },
	{ "false", false },
	{ "yes", true },
	{ "no", false },
	{ "on", true },
	{ "off", false },
	{ "t", true },
	{ "f", false },
	{ "y", true },
	{ "n", false },
	{ "1", true },
	{ "0", false },
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves the digits at the front of text into *out; -1 on none or overflow. */
static int
take_digits(struct span *text, uint64_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < text->len && is_digit(text->p[i]); i++) {
		if (__builtin_mul_overflow(n, 10U, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(text->p[i] - '0'), &n))
			return -1;
	}
	if (i == 0)
		return -1;
	text->p += i;
	text->len -= i;
	*out = n;
	return 0;
}

/*
 * Moves digits off the front of text, as a fraction of unit; those that are too
 * fine for it are dropped. Returns how many there were.
 */
static size_t
take_fraction(struct span *text, uint64_t unit, uint64_t *out)
{
	size_t n = 0;

	for (*out = 0; n < text->len && is_digit(text->p[n]); n++) {
		unit /= 10;
		*out += unit * (uint64_t)(text->p[n] - '0');
	}
	text->p += n;
	text->len -= n;
	return n;
}

/*
 * Moves "<digits>[.<digits>]" off the front of text, as a multiple of unit.
 * Digits may be missing on one side of the point if `open` says so.
 */
static int
take_decimal(struct span *text, uint64_t unit, bool open, uint64_t *out)
{
	bool digits = text->len > 0 && is_digit(text->p[0]), more;
	uint64_t whole = 0, fraction;

	if ((digits || !open) &&
	    (take_digits(text, &whole) < 0 ||
		__builtin_mul_overflow(whole, unit, &whole)))
		return -1;
	*out = whole;
	if (text->len == 0 || text->p[0] != '.')
		return digits ? 0 : -1;
	text->p++;
	text->len--;
	more = take_fraction(text, unit, &fraction) > 0;
	if ((!more && !open) || (!more && !digits))
		return -1;
	return __builtin_add_overflow(whole, fraction, out) ? -1 : 0;
}

/* As parse_u64, for what cannot overflow: most numbers there are. */
static int
parse_short(struct span text, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.p[i] - (unsigned)'0';

		if (digit > 9)
			return -1;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}

int
parse_u64(struct span text, uint64_t *out)
{
	uint64_t n;

	if (text.len > 0 && text.len <= PARSE_DIGITS_SAFE)
		return parse_short(text, out);
	if (take_digits(&text, &n) < 0 || text.len > 0)
		return -1;
	*out = n;
	return 0;
}

int
parse_seconds(struct span text, uint64_t *out_us)
{
	uint64_t us;

	if (take_decimal(&text, 1000000, false, &us) < 0 || text.len > 0)
		return -1;
	*out_us = us;
	return 0;
}

/* The unit at the front of text: the longest name that fits. */
static uint64_t
take_unit(struct span *text)
{
	size_t best = nitems(units);

	for (size_t i = 0; i < nitems(units); i++) {
		if (span_begins(*text, units[i].name) &&
		    (best == nitems(units) ||
			strlen(units[i].name) > strlen(units[best].name)))
			best = i;
	}
	if (best == nitems(units))
		return 0;
	text->p += strlen(units[best].name);
	text->len -= strlen(units[best].name);
	return units[best].ns;
}

/* Where the digits and dots at the front of text end. */
static struct span
after_number(struct span text)
{
	while (text.len > 0 && (is_digit(text.p[0]) || text.p[0] == '.')) {
		text.p++;
		text.len--;
	}
	return text;
}

int
parse_duration(struct span text, uint64_t *out_us)
{
	uint64_t total = 0;

	if (text.len > 0 && text.p[0] == '+') {
		text.p++;
		text.len--;
	}
	if (span_is(text, "0")) { /* needs no unit */
		*out_us = 0;
		return 0;
	}
	if (text.len == 0)
		return -1;
	while (text.len > 0) {
		struct span rest = after_number(text);
		struct span number = { text.p, text.len - rest.len };
		uint64_t unit = take_unit(&rest);
		uint64_t ns;

		if (unit == 0 || take_decimal(&number, unit, true, &ns) < 0 ||
		    number.len > 0 ||
		    __builtin_add_overflow(total, ns, &total) ||
		    total > DURATION_NS_MAX)
			return -1;
		text = rest;
	}
	*out_us = total / 1000;
	return 0;
}

int
parse_mode(struct span text, unsigned *out)
{
	unsigned mode = 0;

	if (text.len == 0)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return -1;
		mode = mode * 8 + (unsigned)(text.p[i] - '0');
		if (mode > 0777)
			return -1;
	}
	*out = mode;
	return 0;
}

int
parse_bool(struct span text, bool *out)
{
	for (size_t i = 0; i < nitems(switches); i++) {
		if (strlen(switches[i].name) == text.len &&
		    strncasecmp(text.p, switches[i].name, text.len) == 0) {
			*out = switches[i].value;
			return 0;
		}
	}
	return -1;
}
