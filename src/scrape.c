#include "scrape.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rate.h"
#include "http/body.h"
#include "memcached/history.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/target.h"
#include "memcached/targets.h"
#include "pools/pools_text.h"
#include "self.h"
#include "setup.h"
#include "stats/plan.h"
#include "stats/render.h"

/* What is not shared: a family, and the end of the text. */
#define TAIL_BYTES_MAX 512
_Static_assert(TAIL_BYTES_MAX <= BODY_TAIL_MAX, "longer than a tail may be");

struct scraper {
	struct targets *targets;
	struct self *self;
	struct setup setup;
	struct plans *plans;
	struct scrape_own own;
	size_t usual_bytes; /* of the last text */
	/* the others' news cannot keep back the default target's */
	struct rate own_news, news;
};

struct scrape {
	struct scraper *scraper;
	struct target *target; /* NULL: there was none to ask */
	struct waiter waiter;
	uint64_t arrived;
	enum text_format format;
	struct filter *filter; /* NULL: all; its target has its module */
	bool is_default;       /* the exporter's own metrics as well */
	scrape_fn *done;
	void *arg;
};

/*
 * What the scrapes that end together share: the text in each form that one of
 * them wants, made when the first does. They have one target, thus one module
 * and one filter.
 */
struct texts {
	struct {
		bool is_made;
		struct body *body; /* NULL: too large */
	} of[2][TEXT_FORMATS];     /* without and with our own metrics */
};

struct scraper *
scraper_new(struct targets *targets, struct self *self,
    const struct scrape_own *own, const struct setup *setup)
{
	struct scraper *s = xcalloc(1, sizeof(*s));

	s->targets = targets;
	s->self = self;
	s->own = *own;
	rate_init(&s->own_news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	rate_init(&s->news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	s->plans = plans_new(own->prefixes_max);
	scraper_use(s, setup);
	return s;
}

void
scraper_free(struct scraper *s)
{
	if (s == NULL)
		return;
	setup_release(&s->setup);
	plans_free(s->plans);
	free(s);
}

void
scraper_use(struct scraper *s, const struct setup *setup)
{
	struct setup held;

	setup_copy(&held, setup);
	setup_release(&s->setup);
	s->setup = held;
}

struct modules *
scraper_modules(const struct scraper *s)
{
	return s->setup.modules;
}

struct pools *
scraper_pools(const struct scraper *s)
{
	return s->setup.pools;
}

struct targets *
scraper_targets(const struct scraper *s)
{
	return s->targets;
}

struct plans *
scraper_plans(const struct scraper *s)
{
	return s->plans;
}

/* A failing server is news once, and so is its return. */
void
scraper_note(struct scraper *s, struct target *t, const struct outcome *outcome,
    const struct error *down, uint64_t arrived, bool is_default)
{
	struct rate *rate = is_default ? &s->own_news : &s->news;
	bool news = status_note(
	    target_status(t), outcome->reply, down, outcome->at_us - arrived);
	char address[ADDRESS_TEXT_MAX], whole[ERROR_WHOLE_MAX];

	self_count(s->self, down);
	history_note(target_history(t), down == NULL ? outcome->reply : NULL,
	    outcome->at_us);
	if (!news && !log_has(LEVEL_DEBUG))
		return;
	address_text(target_address(t), address);
	log_debug("Scraped", "target", address, "up", down == NULL ? "1" : "0");
	if (news && down == NULL)
		log_news(
		    rate, LEVEL_INFO, "Target is up again", "target", address);
	else if (news)
		log_news(rate, LEVEL_WARN, "Target is down", "target", address,
		    "reason", reason_name(down->reason), "err",
		    error_whole(down, whole));
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

/* Of all that were to be asked: a failed scrape has the same series always. */
static void
render_collectors(struct buf *out, enum text_format format,
    const struct plan *plan, const struct reply *reply)
{
	static const char name[] = "memcached_scrape_collector_success";

	gauge(out, format, name,
	    "1 when the server answered this sub-command of \"stats\".");
	for (size_t i = 0; i < plan->len; i++) {
		enum collector_id id = plan->steps[i].collector;

		if (plan->steps[i].kind != STEP_STATS)
			break;
		text_sample_of(out, name, "collector", collectors[id].name,
		    reply != NULL && reply_has_ended(reply, id));
	}
}

/* About the scrape: behind the catalogue, which counts as it goes. */
static void
render_scrape(struct buf *out, const struct scrape *s,
    const struct reply *reply, const struct error *down)
{
	static const char failure[] = "memcached_scrape_failure";
	static const char ignored[] = "memcached_scrape_ignored_lines";

	if (down != NULL) {
		gauge(out, s->format, failure,
		    "Why memcached_up is 0, as a label, value 1.");
		text_sample_of(
		    out, failure, "reason", reason_name(down->reason), 1);
	}
	render_collectors(out, s->format, s->waiter.plan, reply);
	gauge(out, s->format, ignored,
	    "Lines of the answer that were not understood.");
	text_sample_u64(out, ignored, reply != NULL ? reply_ignored(reply) : 0);
}

/* What each scrape has for itself. */
static void
render_tail(struct buf *out, const struct scrape *s, uint64_t ended)
{
	static const char duration[] = "memcached_scrape_duration_seconds";

	gauge(out, s->format, duration,
	    "Seconds from the request to the end of the server's answer.");
	buf_add_str(out, duration);
	buf_add_char(out, ' ');
	text_seconds(out, ended - s->arrived);
	buf_add_char(out, '\n');
	text_end(out, s->format);
}

/* NULL when it is too large. */
static struct body *
take_body(struct buf *out)
{
	if (!out->full)
		return body_new(out);
	buf_release(out);
	return NULL;
}

static struct body *
render(const struct scrape *s, struct reply *reply, const struct error *down)
{
	struct scraper *all = s->scraper;
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	(void)buf_reserve(&out, all->usual_bytes);
	render_up(&out, s->format, down == NULL);
	if (down == NULL)
		render_reply(
		    &out, s->format, reply, s->waiter.plan->on, s->filter);
	render_behind_stats(&out, s->format, s->waiter.plan, reply, s->filter);
	render_scrape(&out, s, reply, down);
	if (s->is_default) {
		pools_text(&out, s->format, s->filter, all->setup.pools);
		self_render(all->self, &out, s->format, s->filter);
	}
	all->usual_bytes = out.len;
	return take_body(&out);
}

static void
texts_release(void *shared)
{
	struct texts *t = shared;

	for (size_t i = 0; i < TEXT_FORMATS; i++) {
		body_release(t->of[0][i].body);
		body_release(t->of[1][i].body);
	}
	free(t);
}

/* Borrowed from the scrapes that share it. */
static struct body *
shared_text(
    const struct scrape *s, struct outcome *outcome, const struct error *down)
{
	struct texts *t = outcome->shared;

	if (t == NULL) {
		t = outcome->shared = xcalloc(1, sizeof(*t));
		outcome->release = texts_release;
	}
	if (!t->of[s->is_default][s->format].is_made) {
		t->of[s->is_default][s->format].is_made = true;
		t->of[s->is_default][s->format].body =
		    render(s, outcome->reply, down);
	}
	return t->of[s->is_default][s->format].body;
}

static bool
is_hidden(const struct scrape *s, const struct error *down)
{
	return !s->is_default && down != NULL &&
	       target_is_hidden(s->target, down);
}

/* It was none, since its target is not allowed. */
static void
scrape_refuse(struct scrape *s, const struct error *down)
{
	char address[ADDRESS_TEXT_MAX];
	struct scraped scraped = { .down = down };
	struct error why;

	address_text(target_address(s->target), address);
	log_debug("Target refused", "target", address, "err", down->text);
	targets_forget(s->scraper->targets, s->target);
	target_hide(&why);
	scraped.down = &why;
	s->done(&scraped, s->arg);
}

/*
 * The only end of a scrape. A reply whose `stats` is whole is an answer, even
 * if a later part is missing.
 */
static void
scrape_end(struct scrape *s, struct outcome *outcome)
{
	struct reply *reply = outcome->reply;
	bool up = reply != NULL && reply_has_ended(reply, COLLECTOR_STATS);
	const struct error *down = up ? NULL : outcome->why;
	struct scraped scraped = { .down = down };
	char bytes[TAIL_BYTES_MAX];
	struct buf tail;

	if (s->target != NULL && is_hidden(s, down)) {
		scrape_refuse(s, down);
	} else if (down != NULL && down->reason == REASON_OTHER) {
		s->done(&scraped, s->arg);
	} else {
		if (s->target != NULL)
			scraper_note(s->scraper, s->target, outcome, down,
			    s->arrived, s->is_default);
		else
			self_count(s->scraper->self, down);
		buf_init_over(&tail, bytes, sizeof(bytes));
		render_tail(&tail, s, outcome->at_us);
		scraped.body = shared_text(s, outcome, down);
		scraped.tail = (struct span){ tail.p, tail.len };
		s->done(&scraped, s->arg);
	}
	plan_release(s->waiter.plan);
	free(s);
}

static void
on_outcome(struct outcome *outcome, void *arg)
{
	scrape_end(arg, outcome);
}

static struct target *
find_target(
    struct scraper *all, const struct scrape_options *o, struct error *e)
{
	struct peer peer;

	if (module_peer(o->module, o->target, o->is_default, &peer, e) < 0)
		return NULL;
	return targets_get(all->targets, &peer, e);
}

/*
 * There is no target to ask. The exporter's own metrics are there all the
 * same, since then they are wanted most.
 */
static void
scrape_fail(struct scrape *s, const struct error *why)
{
	struct scraped scraped = { .down = why };
	struct outcome outcome = { .why = why, .at_us = clock_us() };

	if (s->is_default) {
		scrape_end(s, &outcome);
		if (outcome.release != NULL)
			outcome.release(outcome.shared);
		return;
	}
	s->done(&scraped, s->arg);
	plan_release(s->waiter.plan);
	free(s);
}

void
scrape_start(struct scraper *all, const struct scrape_options *o,
    scrape_fn *done, void *arg)
{
	struct scrape *s = xcalloc(1, sizeof(*s));
	struct error why;

	s->scraper = all;
	s->arrived = o->arrived;
	s->format = o->format;
	s->filter = module_families(o->module);
	s->is_default = o->is_default;
	s->done = done;
	s->arg = arg;
	s->waiter.plan = plan_hold(module_plan(o->module, o->collectors));
	s->waiter.deadline_us = o->arrived + o->timeout_us;
	s->waiter.done = on_outcome;
	s->waiter.arg = s;
	s->target = find_target(all, o, &why);
	if (s->target == NULL) {
		scrape_fail(s, &why);
		return;
	}
	target_ask(s->target, &s->waiter);
	if (o->is_default)
		self_prepare(all->self, o->format, module_families(o->module));
}

/* The exporter's own metrics alone. */
static void
start_without_target(
    struct scraper *all, enum text_format format, scrape_fn *done, void *arg)
{
	struct scraped scraped = { 0 };
	char bytes[TAIL_BYTES_MAX];
	struct filter *filter =
	    module_families(modules_own(all->setup.modules));
	struct buf out, tail;

	buf_init(&out, TEXT_BYTES_MAX);
	pools_text(&out, format, filter, all->setup.pools);
	self_render(all->self, &out, format, filter);
	buf_init_over(&tail, bytes, sizeof(bytes));
	text_end(&tail, format);
	scraped.body = take_body(&out);
	scraped.tail = (struct span){ tail.p, tail.len };
	done(&scraped, arg);
	body_release(scraped.body);
}

void
scrape_start_default(struct scraper *all, const struct scrape_options *options,
    scrape_fn *done, void *arg)
{
	struct scrape_options o = *options;

	if (!all->own.has_target) {
		start_without_target(all, o.format, done, arg);
		return;
	}
	o.module = modules_own(all->setup.modules);
	o.target = &all->own.target;
	o.collectors = module_collectors(o.module);
	o.is_default = true;
	scrape_start(all, &o, done, arg);
}
