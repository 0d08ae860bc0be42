#include "scrape_pool.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/body.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/target.h"
#include "memcached/targets.h"
#include "pools/pool.h"
#include "pools/pool_probes.h"
#include "pools/pool_queries.h"
#include "pools/pools.h"
#include "pools/pools_text.h"
#include "stats/filter.h"
#include "stats/plan.h"
#include "stats/probe.h"
#include "stats/reply.h"
#include "stats/values.h"

struct pool_scrape;

struct member {
	struct pool_scrape *scrape;
	struct target *target;
	struct waiter waiter;
	size_t place; /* of the server, in the pool */
	const struct plan *plan;
	struct values *values; /* of its keys; NULL: none */
};

struct pool_scrape {
	struct scraper *scraper;
	struct pool *pool; /* held */
	uint64_t arrived;
	enum text_format format;
	struct filter *filter; /* held */
	scrape_fn *done;
	void *arg;
	size_t pending; /* members that have not ended, and the start itself */
	bool *up;       /* by place */
	struct probe_result *probes; /* by place; NULL: none is probed */
	struct error stopped;
	bool is_stopped;
	size_t members_len;
	struct member members[];
};

static void
add_duration(struct buf *out, const struct pool_scrape *s)
{
	static const char duration[] = "memcached_scrape_duration_seconds";

	text_family(out, s->format, duration, METRIC_GAUGE,
	    "Seconds from the request to the end of the server's answer.");
	buf_add_str(out, duration);
	buf_add_char(out, ' ');
	text_seconds(out, clock_us() - s->arrived);
	buf_add_char(out, '\n');
}

/*
 * In the servers' order, whichever answered first: of two samples with the same
 * labels the same one stays.
 */
static void
add_values(struct buf *out, const struct pool_scrape *s)
{
	struct values *all;

	if (pool_queries(s->pool) == NULL)
		return;
	all = values_new(pool_queries_none(pool_queries(s->pool)));
	for (size_t i = 0; i < s->members_len; i++)
		values_add(all, s->members[i].values);
	values_render(out, s->format, s->filter, all);
	values_free(all);
}

static struct body *
render(const struct pool_scrape *s)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	pool_text(&out, s->format, s->filter, s->pool);
	pool_text_up(&out, s->format, s->filter, s->pool, s->up);
	add_values(&out, s);
	if (s->probes != NULL)
		pool_text_probes(
		    &out, s->format, s->filter, s->pool, s->probes);
	add_duration(&out, s);
	text_end(&out, s->format);
	if (!out.full)
		return body_new(&out);
	buf_release(&out);
	return NULL;
}

static void
free_scrape(struct pool_scrape *s)
{
	for (size_t i = 0; i < s->members_len; i++)
		values_free(s->members[i].values);
	pool_release(s->pool);
	filter_free(s->filter);
	free(s->probes);
	free(s->up);
	free(s);
}

/* The only end of a scrape of a pool. */
static void
end_one(struct pool_scrape *s)
{
	struct scraped scraped = { 0 };

	if (--s->pending > 0)
		return;
	if (s->is_stopped)
		scraped.down = &s->stopped;
	else
		scraped.body = render(s);
	s->done(&scraped, s->arg);
	body_release(scraped.body);
	free_scrape(s);
}

/* What it was asked, as far as it was answered. */
static void
keep_values(struct member *m, const struct reply *reply)
{
	if (m->plan->gets == NULL)
		return;
	m->values = reply != NULL ? values_copy(reply_values(reply))
				  : values_new(m->plan->gets);
}

static void
keep_probe(struct member *m, const struct reply *reply)
{
	struct probe_result *result;

	if (m->plan->probe == NULL)
		return;
	result = &m->scrape->probes[m->place];
	result->probe = m->plan->probe;
	if (reply != NULL)
		result->probed = *reply_probed(reply);
}

static void
on_outcome(struct outcome *outcome, void *arg)
{
	struct member *m = arg;
	struct pool_scrape *s = m->scrape;
	bool up = outcome->reply != NULL &&
		  reply_has_ended(outcome->reply, COLLECTOR_STATS);
	const struct error *down = up ? NULL : outcome->why;

	s->up[m->place] = up;
	keep_values(m, outcome->reply);
	keep_probe(m, outcome->reply);
	if (down != NULL && down->reason == REASON_OTHER) {
		s->is_stopped = true;
		s->stopped = *down;
	} else {
		scraper_note(
		    s->scraper, m->target, outcome, down, s->arrived, false);
		if (down != NULL && down->reason == REASON_FORBIDDEN)
			targets_forget(scraper_targets(s->scraper), m->target);
	}
	end_one(s);
}

static int
say_server(const struct pool_scrape *s, size_t i, struct error *e)
{
	char address[ADDRESS_TEXT_MAX];
	struct error why = *e;

	address_text(pool_server(s->pool, i), address);
	return error_because(
	    e, why.reason, "Server %s of this pool: %s", address, why.text);
}

/* The target of each server, so that all of them are there or none is asked. */
static int
find_members(struct pool_scrape *s, struct error *e)
{
	const struct modules *ms = scraper_modules(s->scraper);
	struct module *m = modules_find(ms, pool_module(s->pool));

	if (m == NULL)
		return error_set(e, "The pool's module is gone.");
	s->filter = filter_hold(module_families(m));
	for (size_t i = 0; i < pool_servers(s->pool); i++) {
		struct member *member = &s->members[s->members_len];
		struct peer peer;

		if (pool_first(s->pool, i) != i)
			continue;
		if (module_peer(m, pool_server(s->pool, i), false, &peer, e) <
		    0)
			return say_server(s, i, e);
		member->target =
		    targets_get(scraper_targets(s->scraper), &peer, e);
		if (member->target == NULL)
			return say_server(s, i, e);
		member->scrape = s;
		member->place = i;
		s->members_len++;
	}
	return 0;
}

/* `stats`, what is read from the server's values, and its probe. */
static const struct plan *
plan_of(const struct pool_scrape *s, size_t place)
{
	const struct pool_queries *queries = pool_queries(s->pool);
	struct pool_probes *probes = pool_probes(s->pool);
	const struct plan *plan =
	    queries != NULL ? pool_queries_plan(queries, place) : NULL;
	const struct plan *whole =
	    probes != NULL ? pool_probes_plan(probes, s->pool, place,
				 plan != NULL ? plan->gets : NULL)
			   : NULL;

	if (whole != NULL)
		return whole;
	if (plan != NULL)
		return plan;
	return plans_get(
	    scraper_plans(s->scraper), 0, COLLECTOR_BIT(COLLECTOR_STATS));
}

static void
ask_members(struct pool_scrape *s, const struct scrape_options *o)
{
	s->pending = 1 + s->members_len;
	for (size_t i = 0; i < s->members_len; i++) {
		struct member *m = &s->members[i];

		m->plan = m->waiter.plan = plan_of(s, m->place);
		m->waiter.deadline_us = o->arrived + o->timeout_us;
		m->waiter.done = on_outcome;
		m->waiter.arg = m;
		target_ask(m->target, &m->waiter);
	}
	end_one(s);
}

void
scrape_start_pool(struct scraper *all, const struct pool *pool,
    const struct scrape_options *options, scrape_fn *done, void *arg)
{
	size_t n = pool_servers(pool);
	struct pool_scrape *s =
	    xcalloc(1, sizeof(*s) + n * sizeof(s->members[0]));
	struct scraped scraped = { 0 };
	struct error why;

	s->scraper = all;
	s->pool = pool_hold(pool);
	s->arrived = options->arrived;
	s->format = options->format;
	s->done = done;
	s->arg = arg;
	s->up = xcalloc(n, sizeof(*s->up));
	if (pool_probes(pool) != NULL)
		s->probes = xcalloc(n, sizeof(*s->probes));
	if (find_members(s, &why) == 0) {
		ask_members(s, options);
		return;
	}
	scraped.down = &why;
	done(&scraped, arg);
	free_scrape(s);
}
