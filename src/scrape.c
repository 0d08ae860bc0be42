#include "scrape.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/collectors.h"
#include "http/accept.h"
#include "http/query.h"
#include "http/request.h"
#include "http/server.h"
#include "memcached/modules.h"
#include "memcached/status.h"
#include "memcached/target.h"
#include "memcached/targets.h"
#include "self.h"
#include "stats/render.h"

#define TIMEOUT_HEADER "X-Prometheus-Scrape-Timeout-Seconds"

/* What is kept of Prometheus's time for the way back: a tenth, at most this. */
#define RESERVE_SHARE 10
#define RESERVE_US_MAX 500000

struct scraper {
	struct targets *targets;
	struct self *self;
	struct modules *modules;
	struct scrape_own own;
	size_t usual_bytes; /* of the last text */
	/* the others' news cannot keep back the default target's */
	struct rate own_news, news;
};

struct scrape {
	struct scraper *scraper;
	struct target *target;
	struct waiter waiter;
	uint64_t arrived;
	enum text_format format;
	bool own; /* the exporter's own metrics as well */
	scrape_fn *done;
	void *arg;
};

struct scraper *
scraper_new(struct targets *targets, struct self *self,
    const struct scrape_own *own, struct modules *modules)
{
	struct scraper *s = xcalloc(1, sizeof(*s));

	s->targets = targets;
	s->self = self;
	s->own = *own;
	rate_init(&s->own_news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	rate_init(&s->news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	scraper_use(s, modules);
	return s;
}

void
scraper_free(struct scraper *s)
{
	if (s == NULL)
		return;
	modules_release(s->modules);
	free(s);
}

void
scraper_use(struct scraper *s, struct modules *modules)
{
	modules_hold(modules);
	modules_release(s->modules);
	s->modules = modules;
}

/* A failing server is news once, and so is its return. */
static void
note(struct scrape *s, const struct reply *reply, const struct error *down,
    uint64_t duration_us)
{
	struct rate *rate = s->own ? &s->scraper->own_news : &s->scraper->news;
	bool news =
	    status_note(target_status(s->target), reply, down, duration_us);
	char address[ADDRESS_TEXT_MAX];

	if (!news && !log_has(LEVEL_DEBUG))
		return;
	address_text(target_address(s->target), address);
	log_debug("Scraped", "target", address, "up", down == NULL ? "1" : "0");
	if (!news || !log_has(down == NULL ? LEVEL_INFO : LEVEL_WARN) ||
	    !log_admits(rate))
		return;
	if (down == NULL)
		log_info("Target is up again", "target", address);
	else
		log_warn("Target is down", "target", address, "reason",
		    reason_name(down->reason), "err", down->text);
}

static void
gauge(struct buf *out, enum text_format format, const char *name,
    const char *help)
{
	text_family(out, format, name, METRIC_GAUGE, help);
}

static void
render_up(struct buf *out, enum text_format format, bool up)
{
	gauge(out, format, "memcached_up",
	    "1 when the server answered \"stats\" in time.");
	text_sample_u64(out, "memcached_up", up);
}

static void
render_collectors(
    struct buf *out, enum text_format format, const struct reply *reply)
{
	static const char name[] = "memcached_scrape_collector_success";

	gauge(out, format, name,
	    "1 when the server answered this sub-command of \"stats\".");
	for (unsigned i = 0; i < SECTIONS; i++) {
		enum section section = (enum section)i;

		if (!reply_was_asked(reply, section))
			continue;
		text_sample_of(out, name, "collector", section_name(section),
		    reply_has_ended(reply, section));
	}
}

/* About the scrape: behind the catalogue, which counts as it goes. */
static void
render_scrape(struct buf *out, enum text_format format, uint64_t duration_us,
    const struct reply *reply, const struct error *down)
{
	static const char failure[] = "memcached_scrape_failure";
	static const char ignored[] = "memcached_scrape_ignored_lines";
	static const char duration[] = "memcached_scrape_duration_seconds";

	gauge(out, format, duration,
	    "Seconds from the request to the end of the server's answer.");
	buf_add_str(out, duration);
	buf_add_char(out, ' ');
	text_seconds(out, duration_us);
	buf_add_char(out, '\n');
	if (down != NULL) {
		gauge(out, format, failure,
		    "Why memcached_up is 0, as a label, value 1.");
		text_sample_of(
		    out, failure, "reason", reason_name(down->reason), 1);
	}
	if (reply == NULL)
		return;
	render_collectors(out, format, reply);
	gauge(out, format, ignored,
	    "Lines of the answer that were not understood.");
	text_sample_u64(out, ignored, reply_ignored(reply));
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
	if (down == NULL || down->reason >= REASON_REFUSED) {
		(void)buf_reserve(&out, all->usual_bytes);
		note(s, reply, down, duration);
		self_count(all->self, down);
		render_up(&out, s->format, up);
		if (up)
			render_reply(&out, s->format, reply, slabs);
		render_scrape(&out, s->format, duration, reply, down);
		if (s->own)
			self_render(all->self, &out, s->format);
		text_end(&out, s->format);
		all->usual_bytes = out.len;
	}
	s->done(&out, down, s->arg);
	buf_release(&out);
	free(s);
}

/* What a scrape wants to know. */
struct wish {
	const struct module *module;
	const struct address *target;
	uint64_t arrived; /* clock_us */
	uint64_t timeout_us;
	unsigned sections;
	enum text_format format;
	bool own;
};

static struct target *
find_target(struct scraper *all, const struct wish *wish, struct error *e)
{
	const struct access *access =
	    module_access(wish->module, wish->target, wish->own, e);

	if (access == NULL)
		return NULL;
	return targets_get(all->targets, wish->target, access, e);
}

static void
start(struct scraper *all, const struct wish *wish, scrape_fn *done, void *arg)
{
	struct error why;
	struct target *target = find_target(all, wish, &why);
	struct scrape *s;

	if (target == NULL) {
		done(NULL, &why, arg);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->scraper = all;
	s->target = target;
	s->arrived = wish->arrived;
	s->format = wish->format;
	s->own = wish->own;
	s->done = done;
	s->arg = arg;
	s->waiter.sections = wish->sections;
	s->waiter.deadline_us = wish->arrived + wish->timeout_us;
	s->waiter.done = scrape_finish;
	s->waiter.arg = s;
	target_ask(target, &s->waiter);
	if (wish->own)
		self_prepare(all->self, wish->format);
}

static void
start_without_target(
    struct scraper *all, enum text_format format, scrape_fn *done, void *arg)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	self_render(all->self, &out, format);
	text_end(&out, format);
	done(&out, NULL, arg);
	buf_release(&out);
}

/* The wish says when and how; it will be for the own target. */
static void
start_own(struct scraper *all, struct wish *wish, scrape_fn *done, void *arg)
{
	wish->module = modules_own(all->modules);
	wish->target = &all->own.target;
	wish->sections = module_sections(wish->module);
	wish->own = true;
	if (all->own.has_target)
		start(all, wish, done, arg);
	else
		start_without_target(all, wish->format, done, arg);
}

void
scrape_start(struct scraper *all, scrape_fn *done, void *arg)
{
	struct wish wish = { .arrived = clock_us(),
		.timeout_us = module_timeout(modules_own(all->modules)),
		.format = TEXT_PROMETHEUS };

	start_own(all, &wish, done, arg);
}

/* The smaller of our own time and what Prometheus gives, less a reserve. */
static uint64_t
timeout_of(const struct request *r, const struct module *module)
{
	uint64_t own = module_timeout(module);
	const char *header = request_header(r, TIMEOUT_HEADER);
	uint64_t us, reserve;

	if (header == NULL || parse_seconds(span_of(header), &us) < 0 ||
	    us == 0)
		return own;
	reserve = us / RESERVE_SHARE;
	us -= reserve < RESERVE_US_MAX ? reserve : RESERVE_US_MAX;
	return us < own ? us : own;
}

/* Who asked, and in which form he likes the answer. */
struct question {
	struct request *request;
	struct accepted accepted;
};

static struct question *
question_new(struct request *r)
{
	struct question *q = xcalloc(1, sizeof(*q));
	struct buf header;

	buf_init(&header, SERVER_HEADER_MAX);
	request_header_list(r, "Accept", &header);
	q->request = r;
	q->accepted = accept_metrics((struct span){ header.p, header.len });
	buf_release(&header);
	return q;
}

/* Without a text it is no scrape: it was not allowed, or there is no room. */
static void
answer(struct buf *text, const struct error *down, void *arg)
{
	struct question *q = arg;
	char type[ACCEPT_TYPE_MAX];

	accept_content_type(&q->accepted, type);
	if (down != NULL && (text == NULL || text->len == 0))
		request_say(q->request,
		    down->reason == REASON_FORBIDDEN ? 403 : 503, down->text);
	else if (text == NULL || text->full)
		request_say(q->request, 500, "The metrics are too large.");
	else
		request_answer_text(q->request, type, text);
	free(q);
}

void
scrape_serve(struct request *r, void *arg)
{
	struct scraper *all = arg;
	struct question *q = question_new(r);
	struct wish wish = { .arrived = request_arrived(r),
		.timeout_us = timeout_of(r, modules_own(all->modules)),
		.format = q->accepted.format };

	start_own(all, &wish, answer, q);
}

/* The collect[] parameters, if there are any. */
static int
narrow(const struct query *query, unsigned *sections, struct error *e)
{
	unsigned wanted = 0;
	const char *name;
	size_t at = 0;

	while ((name = query_next(query, "collect[]", &at)) != NULL) {
		unsigned section = collector_section(name);

		if (section == 0)
			return error_set(e, "Unknown collector; there are %s.",
			    COLLECTOR_NAMES);
		wanted |= section;
	}
	if (wanted != 0)
		*sections &= wanted | SECTIONS_ALWAYS;
	return 0;
}

static int
read_query(struct scraper *all, const struct query *query,
    struct address *target, struct wish *wish, struct error *e)
{
	const char *text = query_first(query, "target");

	if (!is_set(text))
		return error_set(e, "'target' parameter must be specified");
	if (address_parse(target, text, MEMCACHED_PORT, e) < 0)
		return -1;
	wish->module = modules_find(all->modules, query_first(query, "module"));
	if (wish->module == NULL)
		return error_set(
		    e, "Unknown module; --config.file has those there are.");
	wish->sections = module_sections(wish->module);
	return narrow(query, &wish->sections, e);
}

void
scrape_serve_target(struct request *r, void *arg)
{
	struct scraper *all = arg;
	struct address target;
	struct wish wish = { .target = &target, .arrived = request_arrived(r) };
	struct question *q;
	struct error e;

	if (read_query(all, request_query(r), &target, &wish, &e) < 0) {
		request_say(r, 400, e.text);
		return;
	}
	q = question_new(r);
	wish.timeout_us = timeout_of(r, wish.module);
	wish.format = q->accepted.format;
	start(all, &wish, answer, q);
}
