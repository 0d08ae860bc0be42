#include "pages/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"

#define NUMBER_BYTES 32

#define PREFIXES 7
#define DECIMAL                                                                \
	{                                                                      \
		"", " k", " M", " G", " T", " P", " E"                         \
	}
#define BINARY                                                                 \
	{                                                                      \
		" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"           \
	}

/* How a unit's numbers are written. */
static const struct {
	double step;  /* from one prefix to the next */
	double below; /* what needs no further prefix */
	const char *prefixes[PREFIXES];
	const char *suffix;
} units[] = {
	[UNIT_COUNT] = { 1000, 9999.5, DECIMAL, "" },
	[UNIT_BYTES] = { 1024, 1023.5, BINARY, "" },
	[UNIT_RATE] = { 1000, 9999.5, DECIMAL, "/s" },
	[UNIT_BYTE_RATE] = { 1024, 1023.5, BINARY, "/s" },
};

/* Three digits of it at least, and none behind the point that is a 0. */
static void
add_number(struct buf *out, double n)
{
	char text[NUMBER_BYTES];
	int decimals = n < 9.995 ? 2 : n < 99.95 ? 1 : 0;
	size_t len;

	(void)snprintf(text, sizeof(text), "%.*f", decimals, n);
	len = strlen(text);
	while (decimals > 0 && text[len - 1] == '0') {
		len--;
		decimals--;
		if (decimals == 0)
			len--;
	}
	buf_add(out, text, len);
}

/* Not all of it must not look as if it were. */
static void
add_ratio(struct buf *out, double ratio)
{
	double percent = 100 * ratio;

	if (ratio < 1 && percent > 99.9)
		percent = 99.9;
	buf_printf(out, "%.1f %%", percent);
}

void
quantity_add(struct buf *out, enum unit unit, double n)
{
	size_t i = 0;

	if (isnan(n)) {
		buf_add_str(out, NOTHING);
		return;
	}
	if (unit == UNIT_RATIO) {
		add_ratio(out, n);
		return;
	}
	for (; n >= units[unit].below && i < PREFIXES - 1; i++)
		n /= units[unit].step;
	add_number(out, n);
	buf_add_str(out, units[unit].prefixes[i]);
	buf_add_str(out, units[unit].suffix);
}

void
quantity_add_duration(struct buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t below, unit;
		const char *name;
	} spans[] = {
		{ 60, 1, "s" },
		{ 3600, 60, "min" },
		{ 48 * 3600, 3600, "h" },
		{ UINT64_MAX, 24 * 3600, "d" },
	};
	size_t i = 0;

	while (i < nitems(spans) - 1 && seconds >= spans[i].below)
		i++;
	buf_add_u64(out, seconds / spans[i].unit);
	buf_printf(out, " %s", spans[i].name);
}
