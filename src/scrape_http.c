#include "scrape_http.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/collectors.h"
#include "http/accept.h"
#include "http/head.h"
#include "http/query.h"
#include "http/request.h"
#include "http/timeout.h"
#include "memcached/modules.h"
#include "pools/pools.h"
#include "scrape.h"
#include "scrape_pool.h"
#include "stats/keys.h"

static const enum text_format formats[] = {
	[ACCEPT_TEXT] = TEXT_PROMETHEUS,
	[ACCEPT_OPENMETRICS] = TEXT_OPENMETRICS,
};
_Static_assert(nitems(formats) == ACCEPT_TYPES, "a format for each type");

/* A request that waits for its scrape, and the type that it accepts. */
struct question {
	struct request *request;
	struct accepted accepted;
};

/* Fills what the request says by itself. */
static struct question *
question_new(struct request *r, const struct module *module,
    struct scrape_options *options)
{
	struct question *q = xcalloc(1, sizeof(*q));
	struct buf header;

	buf_init(&header, HEAD_BYTES_MAX);
	request_header_list(r, "Accept", &header);
	q->request = r;
	q->accepted = accept_metrics((struct span){ header.p, header.len });
	buf_release(&header);
	options->arrived = request_arrived(r);
	options->timeout_us = timeout_of(r, module_timeout(module));
	options->format = formats[q->accepted.type];
	return q;
}

static void
answer(const struct scraped *scraped, void *arg)
{
	struct question *q = arg;
	const struct error *down = scraped->down;
	char type[ACCEPT_TYPE_MAX];

	accept_content_type(&q->accepted, type);
	if (scraped->body != NULL)
		request_answer(q->request, type, scraped->body, scraped->tail);
	else if (down == NULL)
		request_say(q->request, 500, "The metrics are too large.");
	else
		request_say(q->request,
		    down->reason == REASON_FORBIDDEN ? 403 : 503, down->text);
	free(q);
}

void
scrape_serve(struct request *r, void *arg)
{
	struct scraper *all = arg;
	struct scrape_options options = { 0 };
	struct question *q =
	    question_new(r, modules_own(scraper_modules(all)), &options);

	scrape_start_default(all, &options, answer, q);
}

/* The collect[] parameters, if there are any. */
static int
narrow(const struct query *query, unsigned *on, struct error *e)
{
	unsigned wanted = 0;
	const char *name;
	size_t at = 0;

	while ((name = query_next(query, "collect[]", &at)) != NULL) {
		unsigned set = collector_set(name);

		if (set == 0)
			return error_set(e, "Unknown collector; there are %s.",
			    collector_names());
		wanted |= set;
	}
	if (wanted != 0)
		*on &= wanted | COLLECTORS_ALWAYS;
	return 0;
}

static int
read_query(const struct modules *modules, const struct query *query,
    struct address *target, struct scrape_options *options, struct error *e)
{
	const char *text = query_first(query, "target");

	if (!is_set(text))
		return error_set(e, "'target' parameter must be specified");
	if (address_parse(target, text, MEMCACHED_PORT, e) < 0)
		return -1;
	options->module = modules_find(modules, query_first(query, "module"));
	if (options->module == NULL)
		return error_set(
		    e, "Unknown module; --config.file has those there are.");
	options->collectors = module_collectors(options->module);
	return narrow(query, &options->collectors, e);
}

static void
serve_pool(struct scraper *all, const char *name, struct request *r)
{
	const struct pool *pool = pools_find(scraper_pools(all), name);
	const struct modules *modules = scraper_modules(all);
	struct scrape_options options = { 0 };
	const struct module *module;

	if (pool == NULL) {
		request_say(
		    r, 400, "Unknown pool; --config.file has those there are.");
		return;
	}
	module = modules_find(modules, pool_module(pool));
	scrape_start_pool(
	    all, pool, &options, answer, question_new(r, module, &options));
}

void
scrape_serve_target(struct request *r, void *arg)
{
	struct scraper *all = arg;
	struct address target;
	struct scrape_options options = { .target = &target };
	const char *pool = query_first(request_query(r), "pool");
	struct error e;

	if (is_set(pool))
		serve_pool(all, pool, r);
	else if (read_query(scraper_modules(all), request_query(r), &target,
		     &options, &e) < 0)
		request_say(r, 400, e.text);
	else
		scrape_start(all, &options, answer,
		    question_new(r, options.module, &options));
}
