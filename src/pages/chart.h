/* A picture of an hour: lines over time, as HTML with SVG inside. */
#ifndef PAGES_CHART_H
#define PAGES_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "memcached/history.h"
#include "pages/quantity.h"

#define CHART_LINES_MAX 2

struct chart_line {
	const char *name;             /* "" when it is the only one */
	double y[HISTORY_POINTS_MAX]; /* 0 and more; NAN: no line there */
};

struct chart {
	const char *id;
	const char *title; /* plain text, of ours */
	enum unit unit;
	double max;                          /* NAN: as the lines want it */
	size_t len;                          /* of ago_us and of each y */
	uint64_t ago_us[HISTORY_POINTS_MAX]; /* falling */
	bool is_down[HISTORY_POINTS_MAX];
	size_t lines_len;
	struct chart_line lines[CHART_LINES_MAX];
};

void chart_write(struct buf *out, const struct chart *c);

#endif
