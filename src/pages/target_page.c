#include "pages/target_page.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/body.h"
#include "http/query.h"
#include "memcached/history.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/targets.h"
#include "pages/charts.h"
#include "pages/frame.h"
#include "pages/kept.h"
#include "pages/link.h"
#include "pages/quantity.h"
#include "pages/rows.h"
#include "pages/slabs.h"
#include "setup.h"

/* Room for all points and classes, with the longest of names and values. */
#define PAGE_BYTES_MAX (4U << 20)

struct target_page {
	const char *metrics;
	const char *scrape;
	struct targets *targets;
	const struct setup *setup;
	struct kept *kept;
};

/* What a request asks for. */
struct wanted {
	struct address address;
	struct module *module;
	bool is_named; /* the module, by the request */
};

/* What was found. */
struct found {
	struct target_entry entry;
	struct history *history; /* NULL: the target is not known */
};

static void
add_links(struct buf *out, const struct target_page *p,
    const struct address *address, const char *module)
{
	buf_add_str(out, "<a href=\"./\">All targets</a>\n<a href=\".");
	if (module[0] != '\0') {
		escape_html(out, p->scrape);
		link_add_query(out, "target", address, module);
	} else {
		escape_html(out, p->metrics);
	}
	buf_add_str(out, "\">Metrics</a>\n");
}

static void
add_fact(struct buf *out, const char *name, const char *title)
{
	buf_printf(out, "<div class=\"%s\"><dt>%s</dt><dd>", name, title);
}

static void
add_facts(struct buf *out, const struct found *f)
{
	size_t len = history_len(f->history);
	uint64_t uptime =
	    len == 0 ? HISTORY_NONE
		     : history_at(f->history, len - 1)->numbers[HISTORY_UPTIME];
	const char *version = history_version(f->history);

	buf_printf(out, "<dl id=\"facts\" data-state=\"%s\">\n",
	    health_name(f->entry.status->health));
	rows_add_facts(out, &f->entry);
	add_fact(out, "version", "Version");
	escape_html(out, version[0] != '\0' ? version : NOTHING);
	buf_add_str(out, "</dd></div>\n");
	add_fact(out, "uptime", "Uptime");
	if (uptime == HISTORY_NONE)
		buf_add_str(out, NOTHING);
	else
		quantity_add_duration(out, uptime);
	buf_add_str(out, "</dd></div>\n</dl>\n");
}

static void
add_settings(struct buf *out, const struct history *h)
{
	const char *key, *value;
	size_t at = 0;

	if ((key = history_setting(h, &at, &value)) == NULL) {
		buf_add_str(out, FRAME_UNKNOWN);
		return;
	}
	buf_add_str(out,
	    "<table class=\"settings\" role=\"table\">\n"
	    "<caption>Settings of the server</caption>\n"
	    "<thead role=\"rowgroup\"><tr role=\"row\">"
	    "<th scope=\"col\" role=\"columnheader\">Setting</th>"
	    "<th scope=\"col\" role=\"columnheader\">Value</th></tr></thead>\n"
	    "<tbody role=\"rowgroup\">\n");
	for (; key != NULL; key = history_setting(h, &at, &value)) {
		buf_printf(out,
		    "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s"
		    "</th><td role=\"cell\">",
		    key);
		escape_html(out, value);
		buf_add_str(out, "</td></tr>\n");
	}
	buf_add_str(out, "</tbody>\n</table>\n");
}

static void
open_section(struct buf *out, const char *id, const char *title)
{
	buf_printf(out,
	    "<section id=\"%s\" aria-labelledby=\"%s-title\">\n"
	    "<h2 id=\"%s-title\">%s</h2>\n",
	    id, id, id, title);
}

static void
add_hint(struct buf *out, const struct history *h)
{
	buf_printf(out, "<p id=\"hint\" class=\"quiet\">%s</p>\n",
	    history_len(h) == 0
		? "Nothing yet: this begins with the next scrape."
		: "Of the scrapes since this page was first opened. An hour "
		  "without a visit clears it. Shaded: the target was down.");
}

static void
write_page(struct buf *out, const struct target_page *p, const struct found *f)
{
	const struct address *address = f->entry.address;
	const char *module = f->entry.module;
	char text[ADDRESS_TEXT_MAX];

	address_text(address, text);
	frame_open(out, text, module);
	add_links(out, p, address, module);
	frame_open_main(out);
	buf_add_str(out, "<section aria-labelledby=\"now-title\">\n"
			 "<h2 id=\"now-title\">Now</h2>\n");
	frame_add_bar(out, "");
	add_facts(out, f);
	buf_add_str(out, "</section>\n");
	open_section(out, "charts", "The last hour");
	add_hint(out, f->history);
	buf_add_str(out, "<div class=\"charts\">\n");
	charts_write(out, f->history, clock_us());
	buf_add_str(out, "</div>\n</section>\n");
	open_section(out, "slabs", "Slab classes");
	slabs_write(out, f->history);
	buf_add_str(out, "</section>\n");
	open_section(out, "settings", "Settings");
	add_settings(out, f->history);
	buf_add_str(out, "</section>\n");
	frame_close(out);
}

/* NULL when it is too large. */
static struct body *
make_page(const struct target_page *p, const struct found *f)
{
	struct buf out;

	buf_init(&out, PAGE_BYTES_MAX);
	write_page(&out, p, f);
	if (!out.full)
		return body_new(&out);
	buf_release(&out);
	return NULL;
}

static void
answer_known(
    const struct target_page *p, struct request *r, const struct found *f)
{
	uint64_t id = history_id(f->history);
	uint64_t version = history_notes(f->history);
	struct body *body = kept_find(p->kept, id, version);

	if (body != NULL) {
		request_answer(r, FRAME_TYPE, body, span_of(""));
		return;
	}
	body = make_page(p, f);
	if (body == NULL) {
		request_say(r, 500, "The page is too large.");
		return;
	}
	kept_add(p->kept, id, version, body);
	request_answer(r, FRAME_TYPE, body, span_of(""));
	body_release(body);
}

/* Whether it may be scraped is for the scrape to say. */
static void
answer_unknown(
    const struct target_page *p, struct request *r, const struct wanted *w)
{
	char text[ADDRESS_TEXT_MAX];
	struct body *body;
	struct buf out;

	address_text(&w->address, text);
	buf_init(&out, PAGE_BYTES_MAX);
	frame_open(&out, text, module_label(w->module));
	buf_add_str(&out, "<a href=\"./\">All targets</a>\n");
	frame_open_main(&out);
	buf_add_str(&out,
	    "<section aria-labelledby=\"unknown\">\n"
	    "<h2 id=\"unknown\">This target is not known</h2>\n"
	    "<p>A target is known from its first scrape until ten minutes "
	    "without one. <a href=\".");
	escape_html(&out, p->scrape);
	link_add_query(&out, "target", &w->address, module_label(w->module));
	buf_add_str(&out, "\">Scrape it</a>, then open this page again.</p>\n"
			  "</section>\n");
	frame_close(&out);
	body = body_new(&out);
	request_answer_as(r, 404, FRAME_TYPE, body, span_of(""));
	body_release(body);
}

static int
read_query(const struct modules *modules, const struct query *query,
    struct wanted *w, struct error *e)
{
	const char *text = query_first(query, "address");
	const char *name = query_first(query, "module");

	if (!is_set(text))
		return error_set(e, "'address' parameter must be specified");
	if (address_parse(&w->address, text, MEMCACHED_PORT, e) < 0)
		return -1;
	w->is_named = is_set(name);
	w->module = modules_find(modules, name);
	if (w->module == NULL)
		return error_set(
		    e, "Unknown module; --config.file has those there are.");
	return 0;
}

static void
look(const struct target_page *p, struct module *module,
    const struct address *address, bool is_default, struct found *f)
{
	struct error unused;
	struct peer peer;

	if (f->history == NULL &&
	    module_peer(module, address, is_default, &peer, &unused) == 0)
		f->history = targets_look(p->targets, &peer, &f->entry);
}

/* The default target is of another module, or under other rules. */
static void
find(const struct target_page *p, const struct wanted *w, struct found *f)
{
	struct module *own = modules_own(p->setup->modules);

	if (!w->is_named || own == w->module)
		look(p, own, &w->address, true, f);
	look(p, w->module, &w->address, false, f);
}

void
target_page_serve(struct request *r, void *arg)
{
	const struct target_page *p = arg;
	struct found f = { .history = NULL };
	struct wanted w = { .module = NULL };
	struct error e;

	if (read_query(p->setup->modules, request_query(r), &w, &e) < 0) {
		request_say(r, 400, e.text);
		return;
	}
	find(p, &w, &f);
	frame_add_headers(r);
	if (f.history != NULL)
		answer_known(p, r, &f);
	else
		answer_unknown(p, r, &w);
}

struct target_page *
target_page_new(struct event_base *base, const char *metrics,
    const char *scrape, struct targets *targets, const struct setup *setup)
{
	struct target_page *p = xcalloc(1, sizeof(*p));

	p->metrics = metrics;
	p->scrape = scrape;
	p->targets = targets;
	p->setup = setup;
	p->kept = kept_new(base);
	return p;
}

void
target_page_free(struct target_page *p)
{
	if (p == NULL)
		return;
	kept_free(p->kept);
	free(p);
}

void
target_page_forget(struct target_page *p)
{
	kept_forget(p->kept);
}
