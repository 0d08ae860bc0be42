#include "pages/rows.h"

#include <inttypes.h>
#include <math.h>
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
#include "pages/link.h"
#include "pages/quantity.h"

/* How long ago that was. */
static void
add_since(struct buf *out, time_t t)
{
	time_t now = time(NULL);
	char text[CLOCK_TEXT_MAX];

	clock_text(t, text);
	buf_printf(out, "<time datetime=\"%s\" title=\"%s\">", text, text);
	quantity_add_duration(out, now > t ? (uint64_t)(now - t) : 0);
	buf_add_str(out, "</time>");
}

/* What stands in a cell. */
typedef void cell_fn(struct buf *out, const struct target_entry *t);

static void
cell_address(struct buf *out, const struct target_entry *t)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(t->address, text);
	buf_add_str(out, "<a href=\"./target");
	link_add_query(out, "address", t->address, t->module);
	buf_add_str(out, "\">");
	escape_html(out, text);
	buf_add_str(out, "</a>");
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

	buf_add_str(out, "<span>");
	quantity_add(out, UNIT_RATIO, none ? NAN : ratio);
	buf_add_str(out, "</span>");
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
		quantity_add_duration(out, t->connected_us / 1000000);
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

void
rows_add_facts(struct buf *out, const struct target_entry *t)
{
	for (size_t i = 1; i < nitems(columns); i++) {
		buf_printf(out, "<div class=\"%s\"><dt>%s</dt><dd>",
		    columns[i].name, columns[i].title);
		columns[i].write(out, t);
		buf_add_str(out, "</dd></div>\n");
	}
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
