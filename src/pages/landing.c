#include "pages/landing.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/mem.h"
#include "base/span.h"
#include "memcached/modules.h"
#include "memcached/status.h"
#include "memcached/targets.h"
#include "pages/frame.h"
#include "pages/listing.h"
#include "pages/rows.h"
#include "pools/pools.h"
#include "setup.h"

/* Room for the rows, with long names and errors. */
#define ROWS_BYTES_MAX (16U << 20)

#define COUNTS_BYTES 64

struct landing {
	const char *metrics;
	const char *scrape;
	struct listing *listing;
	const struct setup *setup;
};

/* The rows of those that are shown, and how many there are. */
struct writer {
	struct buf rows;
	size_t limit;
	size_t known;
	size_t down;
};

static void
add_row(const struct target_entry *t, void *arg)
{
	struct writer *w = arg;

	w->down += t->status->health == HEALTH_DOWN;
	if (w->known++ < w->limit)
		rows_add(&w->rows, t);
}

static void
add_table(struct buf *out, const struct writer *w)
{
	buf_printf(out,
	    "<table id=\"targets\" role=\"table\"%s>\n"
	    "<caption>The servers that this exporter scrapes, first those "
	    "that are down</caption>\n"
	    "<thead role=\"rowgroup\">\n<tr role=\"row\">\n",
	    w->known == 0 ? " hidden" : "");
	rows_add_heads(out);
	buf_add_str(out, "</tr>\n</thead>\n<tbody role=\"rowgroup\">\n");
	buf_add(out, w->rows.p, w->rows.len);
	buf_add_str(out, "</tbody>\n</table>\n");
}

static void
add_targets(struct buf *out, const struct targets *targets, size_t limit)
{
	struct writer w = { .limit = limit };
	size_t more;
	char counts[COUNTS_BYTES];

	buf_init(&w.rows, ROWS_BYTES_MAX);
	targets_each(targets, add_row, &w);
	more = w.known > limit ? w.known - limit : 0;
	(void)snprintf(
	    counts, sizeof(counts), "%zu known, %zu down", w.known, w.down);
	buf_add_str(out, "<section aria-labelledby=\"targets-title\">\n"
			 "<h2 id=\"targets-title\">Targets</h2>\n");
	frame_add_bar(out, counts);
	add_table(out, &w);
	buf_printf(out,
	    "<p id=\"none\"%s>None yet: a target is listed here after its "
	    "first scrape, and dropped after ten minutes without one.</p>\n"
	    "<p id=\"more\"%s><span>%zu</span> more are in "
	    "<a href=\"./api/v1/targets?limit=%d\">the list as JSON</a>.</p>\n"
	    "</section>\n",
	    w.known > 0 ? " hidden" : "", more == 0 ? " hidden" : "", more,
	    LISTING_LIMIT_MAX);
	out->full |= w.rows.full;
	buf_release(&w.rows);
}

/* Only where there is something to pick. */
static void
add_modules(struct buf *out, const struct modules *modules)
{
	size_t n = modules_count(modules);

	if (n < 2)
		return;
	buf_add_str(out, "<label for=\"module\">Module</label>\n"
			 "<select id=\"module\" name=\"module\">\n");
	for (size_t i = 0; i < n; i++) {
		const char *name = modules_name(modules, i);

		buf_add_str(out, "<option");
		if (modules_find(modules, NULL) == modules_find(modules, name))
			buf_add_str(out, " selected");
		buf_add_char(out, '>');
		escape_html(out, name);
		buf_add_str(out, "</option>\n");
	}
	buf_add_str(out, "</select>\n");
}

static void
add_form(struct buf *out, const struct landing *l)
{
	buf_add_str(out, "<section aria-labelledby=\"scrape-title\">\n"
			 "<h2 id=\"scrape-title\">Scrape a server</h2>\n"
			 "<form action=\".");
	escape_html(out, l->scrape);
	buf_add_str(out, "\">\n"
			 "<label for=\"target\">Target</label>\n"
			 "<input id=\"target\" name=\"target\" required "
			 "placeholder=\"cache-1.example.com:11211\" "
			 "aria-describedby=\"hint\" autocomplete=\"off\" "
			 "autocapitalize=\"none\" spellcheck=\"false\" "
			 "inputmode=\"url\">\n");
	add_modules(out, l->setup->modules);
	buf_add_str(out,
	    "<button>Scrape</button>\n"
	    "<p id=\"hint\">host:port, [IPv6]:port, or a host alone for port "
	    "11211. The answer is its metrics.</p>\n"
	    "</form>\n"
	    "</section>\n");
}

/* Only where there are pools. */
static void
add_pools(struct buf *out, const struct pools *pools)
{
	size_t n = pools_count(pools);

	if (n == 0)
		return;
	buf_add_str(out, "<section aria-labelledby=\"locate-title\">\n"
			 "<h2 id=\"locate-title\">Where does a key live?</h2>\n"
			 "<form action=\"./api/v1/locate\">\n"
			 "<label for=\"pool\">Pool</label>\n"
			 "<select id=\"pool\" name=\"pool\">\n");
	for (size_t i = 0; i < n; i++) {
		buf_add_str(out, "<option>");
		escape_html(out, pool_name(pools_at(pools, i)));
		buf_add_str(out, "</option>\n");
	}
	buf_add_str(out,
	    "</select>\n"
	    "<label for=\"key\">Key</label>\n"
	    "<input id=\"key\" name=\"key\" required maxlength=\"250\" "
	    "autocomplete=\"off\" autocapitalize=\"none\" "
	    "spellcheck=\"false\">\n"
	    "<button>Locate</button>\n"
	    "</form>\n"
	    "</section>\n");
}

static void
add_head(struct buf *out, const struct landing *l)
{
	frame_open(out, "memcached_exporter", VERSION);
	buf_add_str(out, "<a href=\".");
	escape_html(out, l->metrics);
	buf_add_str(out, "\">Metrics</a>\n"
			 "<a href=\"./api/v1/targets\">Targets as JSON</a>\n"
			 "<a href=\"./-/healthy\">Health</a>\n");
	frame_open_main(out);
}

static void
write_page(
    struct buf *out, const struct targets *targets, size_t limit, void *arg)
{
	const struct landing *l = arg;

	add_head(out, l);
	add_form(out, l);
	add_pools(out, l->setup->pools);
	add_targets(out, targets, limit);
	frame_close(out);
}

struct landing *
landing_new(struct event_base *base, const char *metrics, const char *scrape,
    const struct targets *targets, const struct setup *setup)
{
	struct landing *l = xcalloc(1, sizeof(*l));

	l->metrics = metrics;
	l->scrape = scrape;
	l->listing = listing_new(base, targets, FRAME_TYPE, write_page, l);
	l->setup = setup;
	return l;
}

void
landing_free(struct landing *l)
{
	if (l == NULL)
		return;
	listing_free(l->listing);
	free(l);
}

void
landing_forget(struct landing *l)
{
	listing_forget(l->listing);
}

void
landing_serve(struct request *r, void *arg)
{
	struct landing *l = arg;

	frame_add_headers(r);
	listing_serve(l->listing, r, LISTING_LIMIT);
}
