#include "scrape.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/allow.h"
#include "http/request.h"
#include "memcached/access.h"
#include "memcached/target.h"
#include "self.h"
#include "stats/catalogue.h"
#include "stats/render.h"
#include "stats/text.h"

#define TIMEOUT_HEADER "X-Prometheus-Scrape-Timeout-Seconds"

/* What is kept of Prometheus's time for the way back: a tenth, at most this. */
#define RESERVE_SHARE 10
#define RESERVE_US_MAX 500000

/* The collectors, beside the sub-commands that are always asked. */
static const struct {
	const char *name;
	unsigned section;
} collectors[] = {
	{ "settings", 1U << SECTION_SETTINGS },
	{ "slab", 1U << SECTION_ITEMS },
	{ "scrub", 1U << SECTION_SCRUB },
};

#define SECTIONS_ALWAYS (1U << SECTION_STATS | 1U << SECTION_SLABS)

struct scraper {
	struct targets *targets;
	struct self *self;
	struct scrape_settings settings;
	struct access own;     /* to the target of the settings */
	struct access open;    /* to any address */
	struct access checked; /* to addresses that are allowed */
	size_t usual_bytes;    /* of the last text */
};

struct scrape {
	struct scraper *scraper;
	struct target *target;
	struct waiter waiter;
	uint64_t arrived;
	bool own;             /* the exporter's own metrics as well */
	struct buf processes; /* of them: rendered while the server works */
	scrape_fn *done;
	void *arg;
};

struct scraper *
scraper_new(struct targets *targets, struct self *self,
    const struct scrape_settings *settings)
{
	struct scraper *s = xcalloc(1, sizeof(*s));

	s->targets = targets;
	s->self = self;
	s->settings = *settings;
	s->own = (struct access){ .tls = settings->tls,
		.username = settings->username,
		.password = settings->password };
	s->open = (struct access){ .tls = settings->tls };
	s->checked =
	    (struct access){ .tls = settings->tls, .allow = settings->allow };
	return s;
}

void
scraper_free(struct scraper *s)
{
	free(s);
}

unsigned
scrape_sections(bool settings, bool slab, bool scrub)
{
	const bool wanted[] = { settings, slab, scrub };
	unsigned sections = SECTIONS_ALWAYS;

	_Static_assert(nitems(wanted) == nitems(collectors), "in one order");
	for (size_t i = 0; i < nitems(collectors); i++) {
		if (wanted[i])
			sections |= collectors[i].section;
	}
	return sections;
}

/* A failing server is news once, and so is its return. */
static void
log_scrape(struct target *t, bool up, const struct error *why)
{
	char address[ADDRESS_TEXT_MAX];

	address_text(target_address(t), address);
	log_debug("Scraped", "target", address, "up", up ? "1" : "0");
	if (!target_set_up(t, up))
		return;
	if (up)
		log_info("Target is up again", "target", address);
	else
		log_warn("Target is down", "target", address, "reason",
		    reason_name(why->reason), "err", why->text);
}

static void
gauge(struct buf *out, const char *name, const char *help)
{
	text_family(out, name, metric_type_name(METRIC_GAUGE), help);
}

static void
render_up(struct buf *out, bool up)
{
	gauge(out, "memcached_up",
	    "1 when the server answered \"stats\" in time.");
	text_sample_u64(out, "memcached_up", NULL, up);
}

static void
render_collectors(struct buf *out, const struct reply *reply)
{
	static const char name[] = "memcached_scrape_collector_success";

	gauge(out, name,
	    "1 when the server answered this sub-command of \"stats\".");
	for (unsigned i = 0; i < SECTIONS; i++) {
		enum section section = (enum section)i;

		if (!reply_was_asked(reply, section))
			continue;
		buf_printf(out, "%s{collector=\"%s\"} %d\n", name,
		    section_name(section), reply_has_ended(reply, section));
	}
}

/* About the scrape: behind the catalogue, which counts as it goes. */
static void
render_scrape(struct buf *out, uint64_t duration_us, const struct reply *reply,
    const struct error *down)
{
	static const char failure[] = "memcached_scrape_failure";
	static const char ignored[] = "memcached_scrape_ignored_lines";
	static const char duration[] = "memcached_scrape_duration_seconds";

	gauge(out, duration,
	    "Seconds from the request to the end of the server's answer.");
	buf_add_str(out, duration);
	buf_add_char(out, ' ');
	text_seconds(out, duration_us);
	buf_add_char(out, '\n');
	if (down != NULL) {
		gauge(out, failure,
		    "Why memcached_up is 0, as a label, value 1.");
		buf_printf(out, "%s{reason=\"%s\"} 1\n", failure,
		    reason_name(down->reason));
	}
	if (reply == NULL)
		return;
	render_collectors(out, reply);
	gauge(out, ignored, "Lines of the answer that were not understood.");
	text_sample_u64(out, ignored, NULL, reply_ignored(reply));
}

static void
render_own(struct scrape *s, struct buf *out)
{
	if (!s->own)
		return;
	self_render(s->scraper->self, out);
	buf_add(out, s->processes.p, s->processes.len);
}

/*
 * The only end of a scrape. A reply whose `stats` is whole is an answer, even
 * if a later part is missing.
 */
static void
scrape_finish(struct reply *reply, const struct error *why, void *arg)
{
	struct scrape *s = arg;
	struct scraper *all = s->scraper;
	uint64_t duration = clock_us() - s->arrived;
	bool up = reply != NULL && reply_has_ended(reply, SECTION_STATS);
	const struct error *down = up ? NULL : why;
	bool slabs = s->waiter.sections & 1U << SECTION_ITEMS;
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	if (down == NULL || down->reason != REASON_FORBIDDEN) {
		(void)buf_reserve(&out, all->usual_bytes);
		log_scrape(s->target, up, why);
		self_count(all->self, down);
		render_up(&out, up);
		if (up)
			render_reply(&out, reply, slabs);
		render_scrape(&out, duration, reply, down);
		render_own(s, &out);
		all->usual_bytes = out.len;
	}
	s->done(&out, down, s->arg);
	buf_release(&out);
	buf_release(&s->processes);
	free(s);
}

/* What a scrape wants to know. */
struct wish {
	const struct address *target; /* NULL: none */
	const struct access *access;
	uint64_t arrived; /* clock_us */
	uint64_t timeout_us;
	unsigned sections;
	bool own;
};

static void
start(struct scraper *all, const struct wish *wish, scrape_fn *done, void *arg)
{
	struct scrape *s = xcalloc(1, sizeof(*s));
	struct error why;

	s->scraper = all;
	s->arrived = wish->arrived;
	s->own = wish->own;
	s->done = done;
	s->arg = arg;
	s->waiter.sections = wish->sections;
	s->waiter.deadline_us = wish->arrived + wish->timeout_us;
	s->waiter.done = scrape_finish;
	s->waiter.arg = s;
	buf_init(&s->processes, TEXT_BYTES_MAX);
	s->target = targets_get(all->targets, wish->target, wish->access, &why);
	if (s->target == NULL) {
		done(&s->processes, &why, arg);
		free(s);
		return;
	}
	target_ask(s->target, &s->waiter);
	if (s->own)
		self_render_processes(all->self, &s->processes);
}

static void
start_without_target(struct scraper *all, scrape_fn *done, void *arg)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	self_render(all->self, &out);
	self_render_processes(all->self, &out);
	done(&out, NULL, arg);
	buf_release(&out);
}

static void
start_own(struct scraper *all, uint64_t arrived, uint64_t timeout_us,
    scrape_fn *done, void *arg)
{
	struct wish wish = { .target = &all->settings.target,
		.access = &all->own,
		.arrived = arrived,
		.timeout_us = timeout_us,
		.sections = all->settings.sections,
		.own = true };

	if (all->settings.has_target)
		start(all, &wish, done, arg);
	else
		start_without_target(all, done, arg);
}

void
scrape_start(struct scraper *all, scrape_fn *done, void *arg)
{
	start_own(all, clock_us(), all->settings.timeout_us, done, arg);
}

/* The smaller of our own time and what Prometheus gives, less a reserve. */
static uint64_t
timeout_of(const struct request *r, uint64_t own)
{
	const char *header = request_header(r, TIMEOUT_HEADER);
	uint64_t us, reserve;

	if (header == NULL || parse_seconds(span_of(header), &us) < 0 ||
	    us == 0)
		return own;
	reserve = us / RESERVE_SHARE;
	us -= reserve < RESERVE_US_MAX ? reserve : RESERVE_US_MAX;
	return us < own ? us : own;
}

static const struct {
	enum reason reason;
	int code;
} refusals[] = {
	{ REASON_FORBIDDEN, 403 },
	{ REASON_BUSY, 503 },
};

static void
answer(struct buf *text, const struct error *down, void *arg)
{
	for (size_t i = 0; i < nitems(refusals); i++) {
		if (down != NULL && down->reason == refusals[i].reason) {
			request_refuse(arg, refusals[i].code, down->text);
			return;
		}
	}
	if (text->full)
		request_refuse(arg, 500, "The metrics are too large.");
	else
		request_answer(arg, TEXT_CONTENT_TYPE, text);
}

void
scrape_serve(struct request *r, void *arg)
{
	struct scraper *all = arg;

	start_own(all, request_arrived(r),
	    timeout_of(r, all->settings.timeout_us), answer, r);
}

/* The collect[] parameters: NULL when there is none. */
static int
narrow(const struct request *r, unsigned *sections, struct error *e)
{
	unsigned wanted = SECTIONS_ALWAYS;
	const char *name;
	size_t n, i;

	for (n = 0; (name = request_query(r, "collect[]", n)) != NULL; n++) {
		for (i = 0; i < nitems(collectors); i++) {
			if (strcmp(collectors[i].name, name) == 0)
				break;
		}
		if (i == nitems(collectors))
			return error_set(e,
			    "unknown collector; there are settings, slab and "
			    "scrub");
		wanted |= collectors[i].section;
	}
	if (n > 0)
		*sections &= wanted;
	return 0;
}

void
scrape_serve_target(struct request *r, void *arg)
{
	struct scraper *all = arg;
	const char *text = request_query(r, "target", 0);
	struct address target;
	struct wish wish = { .target = &target,
		.access = &all->open,
		.arrived = request_arrived(r),
		.timeout_us = timeout_of(r, all->settings.timeout_us),
		.sections = all->settings.sections };
	struct error e;

	if (text == NULL || text[0] == '\0') {
		request_refuse(r, 400, "'target' parameter must be specified");
		return;
	}
	if (address_parse(&target, text, MEMCACHED_PORT, &e) < 0 ||
	    narrow(r, &wish.sections, &e) < 0) {
		request_refuse(r, 400, e.text);
		return;
	}
	switch (allow_target(all->settings.allow, &target)) {
	case ALLOW_NO:
		request_refuse(r, 403, "This target is not allowed.");
		return;
	case ALLOW_RESOLVED:
		wish.access = &all->checked;
		break;
	case ALLOW_YES:
		break;
	}
	start(all, &wish, answer, r);
}
