#include "pages/charts.h"

#include <math.h>

#include "base/span.h"
#include "memcached/history.h"
#include "pages/chart.h"

/* The value of a line at a point, from that point and the one before it. */
typedef double value_at(const struct history_point *before,
    const struct history_point *p, enum history_number number);

static double
as_double(uint64_t n)
{
	return n == HISTORY_NONE ? NAN : (double)n;
}

static double
value_now(const struct history_point *before, const struct history_point *p,
    enum history_number number)
{
	(void)before;
	return as_double(p->numbers[number]);
}

static double
value_rate(const struct history_point *before, const struct history_point *p,
    enum history_number number)
{
	return before == NULL ? NAN : history_rate(before, p, number);
}

/* Of the look-ups in between, not of all since the server's start. */
static double
value_hit_ratio(const struct history_point *before,
    const struct history_point *p, enum history_number number)
{
	double hits = value_rate(before, p, number);
	double all = hits + value_rate(before, p, HISTORY_MISSES);

	return all > 0 ? hits / all : NAN;
}

static const struct {
	const char *id, *title;
	enum unit unit;
	enum history_number max; /* HISTORY_NUMBERS: none */
	double fixed_max;        /* 0: none */
	value_at *value;
	size_t lines_len;
	struct {
		const char *name;
		enum history_number number;
	} lines[CHART_LINES_MAX];
} pictures[] = {
	{ "hits", "Hit ratio between scrapes", UNIT_RATIO, HISTORY_NUMBERS, 1,
	    value_hit_ratio, 1, { { "", HISTORY_HITS } } },
	{ "commands", "Commands a second", UNIT_RATE, HISTORY_NUMBERS, 0,
	    value_rate, 2,
	    { { "get", HISTORY_GETS }, { "set", HISTORY_SETS } } },
	{ "evictions", "Evictions a second", UNIT_RATE, HISTORY_NUMBERS, 0,
	    value_rate, 1, { { "", HISTORY_EVICTIONS } } },
	{ "connections", "Connections", UNIT_COUNT, HISTORY_CONNECTIONS_MAX, 0,
	    value_now, 1, { { "", HISTORY_CONNECTIONS } } },
	{ "memory", "Memory of items", UNIT_BYTES, HISTORY_BYTES_MAX, 0,
	    value_now, 1, { { "", HISTORY_BYTES } } },
	{ "traffic", "Bytes a second", UNIT_BYTE_RATE, HISTORY_NUMBERS, 0,
	    value_rate, 2,
	    { { "read", HISTORY_READ }, { "written", HISTORY_WRITTEN } } },
};

/* The last that is known. */
static double
newest(const struct history *h, enum history_number number)
{
	for (size_t i = history_len(h); i > 0; i--) {
		uint64_t n = history_at(h, i - 1)->numbers[number];

		if (n != HISTORY_NONE)
			return (double)n;
	}
	return NAN;
}

static double
max_of(const struct history *h, size_t n)
{
	if (pictures[n].fixed_max > 0)
		return pictures[n].fixed_max;
	if (pictures[n].max == HISTORY_NUMBERS)
		return NAN;
	return newest(h, pictures[n].max);
}

/* What is older than an hour is there for the rate of the next alone. */
static void
add_points(struct chart *c, const struct history *h, size_t n, uint64_t now_us)
{
	const struct history_point *before = NULL;

	for (size_t i = 0; i < history_len(h); i++) {
		const struct history_point *p = history_at(h, i);
		uint64_t ago = now_us > p->at_us ? now_us - p->at_us : 0;

		if (ago <= HISTORY_SPAN_US) {
			for (size_t l = 0; l < c->lines_len; l++)
				c->lines[l].y[c->len] = pictures[n].value(
				    before, p, pictures[n].lines[l].number);
			c->is_down[c->len] = !p->is_up;
			c->ago_us[c->len++] = ago;
		}
		before = p;
	}
}

void
charts_write(struct buf *out, const struct history *h, uint64_t now_us)
{
	for (size_t n = 0; n < nitems(pictures); n++) {
		struct chart c = { .id = pictures[n].id,
			.title = pictures[n].title,
			.unit = pictures[n].unit,
			.max = max_of(h, n),
			.lines_len = pictures[n].lines_len };

		for (size_t l = 0; l < c.lines_len; l++)
			c.lines[l].name = pictures[n].lines[l].name;
		add_points(&c, h, n, now_us);
		chart_write(out, &c);
	}
}
