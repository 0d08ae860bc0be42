#include "pages/chart.h"

#include <math.h>

#include "base/span.h"

/* The picture's own units; it is stretched to the room there is. */
#define WIDTH 1000.0
#define HEIGHT 200.0

/* How a line looks, for page.css. */
static const char *const looks[] = { "one", "two" };
_Static_assert(nitems(looks) == CHART_LINES_MAX, "a look for each line");

/* Of a line's values. */
struct extent {
	bool is_any;
	double low, high, last; /* last: NAN when it is too old */
};

static struct extent
extent_of(const struct chart *c, const struct chart_line *line)
{
	struct extent e = { .last = NAN };

	for (size_t i = 0; i < c->len; i++) {
		double y = line->y[i];

		if (isnan(y))
			continue;
		e.low = e.is_any && e.low < y ? e.low : y;
		e.high = e.is_any && e.high > y ? e.high : y;
		e.is_any = true;
	}
	if (c->len > 0 && c->ago_us[c->len - 1] <= HISTORY_GAP_US)
		e.last = line->y[c->len - 1];
	return e;
}

/* 1, 2 or 5 and zeros, or the same of powers of two: what a scale ends with. */
static double
nice(double n, enum unit unit)
{
	static const double steps[] = { 1, 2, 5 };
	bool in_bytes = unit == UNIT_BYTES || unit == UNIT_BYTE_RATE;
	double unit_step = in_bytes ? 1024 : 1000, scale = 1;
	size_t i = 0;

	while (n / scale > unit_step)
		scale *= unit_step;
	while (n > steps[i] * scale) {
		if (++i == nitems(steps)) {
			i = 0;
			scale *= 10;
		}
	}
	return steps[i] * scale;
}

static double
top_of(const struct chart *c)
{
	double high = 0;

	for (size_t i = 0; i < c->lines_len; i++) {
		struct extent e = extent_of(c, &c->lines[i]);

		if (e.is_any && e.high > high)
			high = e.high;
	}
	if (!isnan(c->max) && c->max > 0)
		return high > c->max ? high : c->max;
	return nice(high, c->unit);
}

static bool
has_limit(const struct chart *c)
{
	return !isnan(c->max) && c->unit != UNIT_RATIO;
}

/* What a screen reader says. */
static void
add_words(struct buf *out, const struct chart *c)
{
	buf_printf(out, "%s in the last hour:", c->title);
	for (size_t i = 0; i < c->lines_len; i++) {
		struct extent e = extent_of(c, &c->lines[i]);

		buf_printf(out, "%s%s%s", i > 0 ? "; " : " ", c->lines[i].name,
		    c->lines_len > 1 ? " " : "");
		if (!e.is_any) {
			buf_add_str(out, "no value");
			continue;
		}
		buf_add_str(out, "now ");
		if (isnan(e.last))
			buf_add_str(out, "unknown");
		else
			quantity_add(out, c->unit, e.last);
		buf_add_str(out, ", lowest ");
		quantity_add(out, c->unit, e.low);
		buf_add_str(out, ", highest ");
		quantity_add(out, c->unit, e.high);
	}
	if (has_limit(c)) {
		buf_add_str(out, "; the maximum is ");
		quantity_add(out, c->unit, c->max);
	}
}

static void
add_caption(struct buf *out, const struct chart *c)
{
	buf_printf(out, "<figcaption><b>%s</b> <span>", c->title);
	for (size_t i = 0; i < c->lines_len; i++) {
		struct extent e = extent_of(c, &c->lines[i]);

		buf_add_str(out, i > 0 ? " <span>" : "<span>");
		if (c->lines_len > 1)
			buf_printf(out, "<i class=\"%s\"></i>%s ", looks[i],
			    c->lines[i].name);
		quantity_add(out, c->unit, e.last);
		if (has_limit(c)) {
			buf_add_str(out, " of ");
			quantity_add(out, c->unit, c->max);
		}
		buf_add_str(out, "</span>");
	}
	buf_add_str(out, "</span></figcaption>\n");
}

static double
x_of(const struct chart *c, size_t i)
{
	return WIDTH * (1 - (double)c->ago_us[i] / HISTORY_SPAN_US);
}

/* From one scrape that found it down to the next scrape. */
static void
add_downs(struct buf *out, const struct chart *c)
{
	for (size_t i = 0; i < c->len; i++) {
		double x = x_of(c, i);

		if (c->is_down[i])
			buf_printf(out,
			    "<rect class=\"down\" x=\"%.1f\" "
			    "width=\"%.1f\" height=\"%.0f\"/>\n",
			    x, (i + 1 < c->len ? x_of(c, i + 1) : WIDTH) - x,
			    HEIGHT);
	}
}

/* The pen is lifted where there is nothing; a point alone is a dot. */
static void
add_path(struct buf *out, const struct chart *c, size_t n, double top)
{
	const double *y = c->lines[n].y;
	bool down = false;

	buf_printf(out, "<path class=\"%s\" d=\"", looks[n]);
	for (size_t i = 0; i < c->len; i++) {
		if (i > 0 && c->ago_us[i - 1] - c->ago_us[i] > HISTORY_GAP_US)
			down = false;
		if (isnan(y[i])) {
			down = false;
			continue;
		}
		buf_printf(out, "%c%.1f %.1f", down ? 'L' : 'M', x_of(c, i),
		    HEIGHT * (1 - y[i] / top));
		if (!down)
			buf_add_str(out, "h0");
		down = true;
	}
	buf_add_str(out, "\"/>\n");
}

static void
add_picture(struct buf *out, const struct chart *c, double top)
{
	buf_add_str(out, "<svg role=\"img\" aria-label=\"");
	add_words(out, c);
	buf_printf(out,
	    "\" viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\">\n",
	    WIDTH, HEIGHT);
	add_downs(out, c);
	buf_add_str(out,
	    "<path class=\"grid\" d=\"M0 0H1000M0 100H1000M0 200H1000"
	    "M250 0V200M500 0V200M750 0V200\"/>\n");
	for (size_t i = 0; i < c->lines_len; i++)
		add_path(out, c, i, top);
	buf_add_str(out, "</svg>\n");
}

/* What the axes say is said in the picture's words as well. */
static void
add_label(struct buf *out, const char *class, enum unit unit, double n)
{
	buf_printf(out, "<span class=\"%s\" aria-hidden=\"true\">", class);
	if (unit == UNIT_RATIO)
		buf_printf(out, "%.0f %%", 100 * n);
	else
		quantity_add(out, unit, n);
	buf_add_str(out, "</span>\n");
}

void
chart_write(struct buf *out, const struct chart *c)
{
	double top = top_of(c);

	buf_printf(out, "<figure id=\"%s\">\n", c->id);
	add_caption(out, c);
	buf_add_str(out, "<div class=\"plot\">\n");
	add_label(out, "top", c->unit, top);
	add_label(out, "middle", c->unit, top / 2);
	add_label(out, "bottom", c->unit, 0);
	add_picture(out, c, top);
	buf_add_str(out, "<span class=\"times\" aria-hidden=\"true\">"
			 "<span>1 h ago</span> <span>30 min</span> "
			 "<span>now</span></span>\n"
			 "</div>\n</figure>\n");
}
