#include "pages/slabs.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

#include "base/span.h"
#include "memcached/history.h"
#include "pages/frame.h"
#include "pages/quantity.h"

/* The length of the longest bar. */
#define BAR 1000.0

static double
number(const struct history_class *c, enum class_number n)
{
	return c->numbers[n] == HISTORY_NONE ? NAN : (double)c->numbers[n];
}

static double
memory_of(const struct history_class *c)
{
	return number(c, CLASS_CHUNKS) * number(c, CLASS_CHUNK_BYTES);
}

/* What items asked for, or else the chunks that they are in. */
static double
used_of(const struct history_class *c)
{
	double requested = number(c, CLASS_REQUESTED_BYTES);

	if (!isnan(requested) && requested > 0)
		return requested;
	return number(c, CLASS_CHUNKS_USED) * number(c, CLASS_CHUNK_BYTES);
}

static void
add_cell(struct buf *out, const char *name, const char *title, enum unit unit,
    double n)
{
	buf_printf(out, "<td role=\"cell\" class=\"%s\" data-title=\"%s\">",
	    name, title);
	quantity_add(out, unit, n);
	buf_add_str(out, "</td>\n");
}

/* The cells beside it say the same in numbers. */
static void
add_bar(struct buf *out, double memory, double used, double most)
{
	bool is_known = memory > 0 && most > 0;
	double have = is_known ? BAR * memory / most : 0;
	double taken = is_known && used > 0 ? have * used / memory : 0;

	buf_printf(out,
	    "<td role=\"cell\" class=\"bars\" aria-hidden=\"true\">"
	    "<svg viewBox=\"0 0 %.0f 10\" preserveAspectRatio=\"none\">"
	    "<rect class=\"have\" width=\"%.1f\" height=\"10\"/>"
	    "<rect class=\"used\" width=\"%.1f\" height=\"10\"/></svg></td>\n",
	    BAR, have, taken < have ? taken : have);
}

static void
add_class(struct buf *out, const struct history_class *c, double most)
{
	buf_printf(out,
	    "<tr role=\"row\">\n"
	    "<th scope=\"row\" role=\"rowheader\" class=\"class\">"
	    "<span>Class </span>%" PRIu32 "</th>\n",
	    c->number);
	add_cell(
	    out, "chunk", "Chunk", UNIT_BYTES, number(c, CLASS_CHUNK_BYTES));
	add_bar(out, memory_of(c), used_of(c), most);
	add_cell(out, "memory", "Memory", UNIT_BYTES, memory_of(c));
	add_cell(out, "used", "Used", UNIT_BYTES, used_of(c));
	add_cell(out, "items", "Items", UNIT_COUNT, number(c, CLASS_ITEMS));
	add_cell(
	    out, "evicted", "Evicted", UNIT_COUNT, number(c, CLASS_EVICTED));
	buf_add_str(out, "</tr>\n");
}

static const struct {
	const char *name, *title;
} heads[] = {
	{ "class", "Class" },
	{ "chunk", "Chunk" },
	{ "bars", NULL }, /* for eyes alone */
	{ "memory", "Memory" },
	{ "used", "Used" },
	{ "items", "Items" },
	{ "evicted", "Evicted" },
};

static void
add_heads(struct buf *out)
{
	buf_add_str(out, "<thead role=\"rowgroup\">\n<tr role=\"row\">\n");
	for (size_t i = 0; i < nitems(heads); i++) {
		if (heads[i].title == NULL)
			buf_printf(out,
			    "<td class=\"%s\" aria-hidden=\"true\"></td>\n",
			    heads[i].name);
		else
			buf_printf(out,
			    "<th scope=\"col\" role=\"columnheader\" "
			    "class=\"%s\">%s</th>\n",
			    heads[i].name, heads[i].title);
	}
	buf_add_str(out, "</tr>\n</thead>\n");
}

void
slabs_write(struct buf *out, const struct history *h)
{
	const struct history_class *list;
	size_t n = history_classes(h, &list);
	double most = 0;

	if (n == 0) {
		buf_add_str(out, FRAME_UNKNOWN);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		double memory = memory_of(&list[i]);

		if (memory > most)
			most = memory;
	}
	buf_add_str(out,
	    "<table class=\"slabs\" role=\"table\">\n"
	    "<caption>Memory by slab class, and how much of it items "
	    "use</caption>\n");
	add_heads(out);
	buf_add_str(out, "<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < n; i++)
		add_class(out, &list[i], most);
	buf_add_str(out, "</tbody>\n</table>\n");
}
