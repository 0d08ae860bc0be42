#include "pages/rows.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/span.h"
#include "memcached/status.h"
#include "memcached/targets.h"

/* "59 s", "3 min", "47 h", "2 d" */
static void
add_duration(struct buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t below, unit;
		const char *name;
	} units[] = {
		{ 60, 1, "s" },
		{ 3600, 60, "min" },
		{ 48 * 3600, 3600, "h" },
		{ UINT64_MAX, 24 * 3600, "d" },
	};
	size_t i = 0;

	while (i < nitems(units) - 1 && seconds >= units[i].below)
		i++;
	buf_add_u64(out, seconds / units[i].unit);
	buf_printf(out, " %s", units[i].name);
}

/* How long ago that was. */
static void
add_since(struct buf *out, time_t t)
{
	time_t now = time(NULL);
	char text[CLOCK_TEXT_MAX];

	clock_text(t, text);
	buf_printf(out, "<time datetime=\"%s\" title=\"%s\">", text, text);
	add_duration(out, now > t ? (uint64_t)(now - t) : 0);
	buf_add_str(out, "</time>");
}

/* What stands in a cell. */
typedef void cell_fn(struct buf *out, const struct target_entry *t);

static void
cell_address(struct buf *out, const struct target_entry *t)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(t->address, text);
	escape_html(out, text);
}

static void
cell_module(struct buf *out, const struct target_entry *t)
{
	escape_html(out, t->module[0] != '\0' ? t->module : NOTHING);
}

static void
cell_state(struct buf *out, const struct target_entry *t)
{
	buf_printf(out, "<span>%s</span>", health_name(t->status->health));
}

static void
cell_since(struct buf *out, const struct target_entry *t)
{
	add_since(out, t->status->since);
}

static void
cell_duration(struct buf *out, const struct target_entry *t)
{
	uint64_t us = t->status->duration_us, hundredths = (us + 5) / 10;

	if (t->status->health == HEALTH_UNKNOWN)
		buf_add_str(out, NOTHING);
	else if (us < 10000)
		buf_printf(out, "%" PRIu64 ".%02" PRIu64 " ms",
		    hundredths / 100, hundredths % 100);
	else
		buf_printf(out, "%" PRIu64 " ms", (us + 500) / 1000);
}

static void
add_ratio(struct buf *out, const char *name, double ratio)
{
	bool none = ratio < 0;
	double percent = 100 * ratio;

	/* not all of it must not look as if it were */
	if (ratio < 1 && percent > 99.9)
		percent = 99.9;
	if (none)
		buf_add_str(out, "<span>" NOTHING "</span>");
	else
		buf_printf(out, "<span>%.1f %%</span>", percent);
	buf_printf(out, "<meter aria-label=\"%s\" value=\"%.4f\"%s></meter>",
	    name, none ? 0 : ratio, none ? " hidden" : "");
}

static void
cell_hits(struct buf *out, const struct target_entry *t)
{
	add_ratio(out, "Hit ratio", t->status->hit_ratio);
}

static void
cell_memory(struct buf *out, const struct target_entry *t)
{
	add_ratio(out, "Memory used", t->status->memory_ratio);
}

static void
cell_connection(struct buf *out, const struct target_entry *t)
{
	if (t->is_connected)
		add_duration(out, t->connected_us / 1000000);
	else
		buf_add_str(out, NOTHING);
}

static void
cell_error(struct buf *out, const struct target_entry *t)
{
	bool down = t->status->health == HEALTH_DOWN;

	buf_printf(out, "<b>%s</b> <span>",
	    down ? reason_name(t->status->reason) : "");
	escape_html(out, down ? t->status->error : NOTHING);
	buf_add_str(out, "</span>");
}

/* The first one is the head of its row. */
static const struct {
	const char *name; /* of its class, for page.css and page.js */
	const char *title;
	cell_fn *write;
} columns[] = {
	{ "address", "Target", cell_address },
	{ "module", "Module", cell_module },
	{ "state", "State", cell_state },
	{ "since", "Since", cell_since },
	{ "duration", "Scrape took", cell_duration },
	{ "hits", "Hit ratio", cell_hits },
	{ "memory", "Memory used", cell_memory },
	{ "connection", "Connected for", cell_connection },
	{ "error", "Last error", cell_error },
};

void
rows_add_heads(struct buf *out)
{
	for (size_t i = 0; i < nitems(columns); i++)
		buf_printf(out,
		    "<th scope=\"col\" role=\"columnheader\" class=\"%s\">%s"
		    "</th>\n",
		    columns[i].name, columns[i].title);
}

/*
 * The roles are those that the elements have anyway; some browsers forget
 * them when the style sheet makes cards of the rows.
 */
void
rows_add(struct buf *out, const struct target_entry *t)
{
	buf_printf(out, "<tr role=\"row\" data-state=\"%s\">\n",
	    health_name(t->status->health));
	for (size_t i = 0; i < nitems(columns); i++) {
		buf_printf(out, "<%s class=\"%s\" data-title=\"%s\">",
		    i == 0 ? "th scope=\"row\" role=\"rowheader\""
			   : "td role=\"cell\"",
		    columns[i].name, columns[i].title);
		columns[i].write(out, t);
		buf_printf(out, "</%s>\n", i == 0 ? "th" : "td");
	}
	buf_add_str(out, "</tr>\n");
}
