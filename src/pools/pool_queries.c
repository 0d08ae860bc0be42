#include "pools/pool_queries.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "pools/pool.h"
#include "stats/metric_query.h"
#include "stats/plan.h"

/* Of the collector `detail`, which a pool's plans do not have. */
#define NO_PREFIXES 1

struct pool_queries {
	struct metric_query **list; /* with the namespace */
	size_t len;
	struct gets *none;
	struct plans **plans; /* by server */
	size_t servers;
};

/* A key as the queries have it: the place of its server. */
static int
place_of(const struct pool *p, const char *key, size_t *place, struct error *e)
{
	uint32_t hash;
	struct error why;

	if (pool_locate(p, span_of(key), place, &hash, &why) < 0)
		return error_set(e, "key \"%.64s\": %s", key, why.text);
	*place = pool_first(p, *place);
	return 0;
}

struct spot {
	const struct pool *pool;
	size_t server;
};

static bool
lives_here(const struct metric_query *q, const char *key, void *arg)
{
	const struct spot *spot = arg;
	size_t place;
	struct error e;

	(void)q;
	key += strlen(pool_namespace(spot->pool));
	return place_of(spot->pool, key, &place, &e) == 0 &&
	       place == spot->server;
}

static bool
lives_nowhere(const struct metric_query *q, const char *key, void *arg)
{
	(void)q;
	(void)key;
	(void)arg;
	return false;
}

/* The places of all keys, one query's after the other's. */
static int
find_places(const struct pool *p, const struct gets *asked, size_t *places,
    struct error *e)
{
	for (size_t i = 0; i < asked->queries_len; i++) {
		const struct metric_query *q = asked->queries[i];

		for (size_t k = 0; k < q->keys_len; k++) {
			if (place_of(p, q->keys[k], places++, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* Only queries with a key on the server: there are no more of them than keys. */
static void
plan_server(struct pool_queries *pq, const struct pool *p, size_t server,
    const size_t *places)
{
	struct metric_query **some =
	    xcalloc(pq->len, sizeof(struct metric_query *));
	struct spot spot = { p, server };
	size_t n = 0;

	for (size_t i = 0; i < pq->len; i++) {
		bool has = false;

		for (size_t k = 0; k < pq->list[i]->keys_len; k++)
			has |= *places++ == server;
		if (has)
			some[n++] = pq->list[i];
	}
	if (n > 0) {
		struct gets *gets = gets_new(some, n, lives_here, &spot);

		pq->plans[server] = plans_new_with(NO_PREFIXES, gets, NULL);
		gets_release(gets);
	}
	free(some);
}

int
pool_queries_new(const struct pool *p, const struct gets *asked,
    struct pool_queries **out, struct error *e)
{
	size_t *places = xcalloc(QUERY_KEYS_ALL_MAX, sizeof(*places));
	struct pool_queries *pq;
	int r = 0;

	if (!is_graphic(pool_namespace(p)))
		r = error_set(e,
		    "queries need a namespace without blanks and control "
		    "characters");
	if (r < 0 || find_places(p, asked, places, e) < 0) {
		free(places);
		return -1;
	}
	pq = xcalloc(1, sizeof(*pq));
	pq->list = xcalloc(asked->queries_len, sizeof(struct metric_query *));
	for (; pq->len < asked->queries_len; pq->len++)
		pq->list[pq->len] = metric_query_prefixed(
		    asked->queries[pq->len], pool_namespace(p));
	pq->none = gets_new(pq->list, pq->len, lives_nowhere, NULL);
	pq->servers = pool_servers(p);
	pq->plans = xcalloc(pq->servers, sizeof(struct plans *));
	for (size_t i = 0; i < pq->servers; i++)
		plan_server(pq, p, i, places);
	free(places);
	*out = pq;
	return 0;
}

void
pool_queries_free(struct pool_queries *pq)
{
	if (pq == NULL)
		return;
	for (size_t i = 0; i < pq->servers; i++)
		plans_free(pq->plans[i]);
	for (size_t i = 0; i < pq->len; i++)
		metric_query_release(pq->list[i]);
	gets_release(pq->none);
	free(pq->plans);
	free(pq->list);
	free(pq);
}

const struct plan *
pool_queries_plan(const struct pool_queries *pq, size_t i)
{
	if (pq->plans[i] == NULL)
		return NULL;
	return plans_get(pq->plans[i], 0, COLLECTOR_BIT(COLLECTOR_STATS));
}

struct gets *
pool_queries_none(const struct pool_queries *pq)
{
	return pq->none;
}
