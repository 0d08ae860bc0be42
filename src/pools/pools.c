#include "pools/pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "memcached/modules.h"
#include "pools/pool_probes.h"

/*
 * Keys in one turn of the loop, about half a millisecond of it, and the pause
 * behind it.
 */
#define TURN_KEYS 1000
#define PAUSE_US 1000

struct pools {
	unsigned holds;
	struct pool **list;
	size_t len;
	size_t probed, sampled; /* of the list, those that are done */
	struct event *turn;
};

static struct pool *
find(const struct pools *ps, const char *name)
{
	for (size_t i = 0; ps != NULL && i < ps->len; i++) {
		if (strcmp(pool_name(ps->list[i]), name) == 0)
			return ps->list[i];
	}
	return NULL;
}

/* The old one if it is the same. */
static int
load_pool(struct pools *ps, const struct pools *old,
    const struct pool_config *c, const struct modules *ms, struct error *e)
{
	struct module *m = modules_find(ms, c->module);
	struct probe *probe = m != NULL ? module_probe(m) : NULL;
	struct pool *before = find(old, c->name), *p;

	if (is_set(c->module) && m == NULL)
		return error_set(e, "%s: pool \"%s\": no module \"%.64s\"",
		    c->place, c->name, c->module);
	if (before != NULL && pool_is(before, c, probe))
		p = pool_hold(before);
	else if (pool_new(c, probe, &p, e) < 0)
		return -1;
	ps->list[ps->len++] = p;
	return 0;
}

int
pools_load(const struct pool_configs *configs, const struct modules *ms,
    const struct pools *old, struct pools **out, struct error *e)
{
	struct pools *ps = xcalloc(1, sizeof(*ps));
	int r = 0;

	ps->holds = 1;
	ps->list = xcalloc(configs->len + 1, sizeof(struct pool *));
	for (size_t i = 0; i < configs->len && r == 0; i++)
		r = load_pool(ps, old, &configs->list[i], ms, e);
	if (r < 0)
		pools_release(ps);
	else
		*out = ps;
	return r;
}

void
pools_hold(struct pools *ps)
{
	ps->holds++;
}

void
pools_release(struct pools *ps)
{
	if (ps == NULL || --ps->holds > 0)
		return;
	if (ps->turn != NULL)
		event_free(ps->turn);
	for (size_t i = 0; i < ps->len; i++)
		pool_release(ps->list[i]);
	free(ps->list);
	free(ps);
}

static void
say_missing(const struct pool *p)
{
	char address[ADDRESS_TEXT_MAX], count[24];
	size_t server;
	size_t n = pool_probes_missing(pool_probes(p), p, &server);

	if (n == 0)
		return;
	address_text(pool_server(p, server), address);
	(void)snprintf(count, sizeof(count), "%zu", n);
	log_warn("Servers without a probe: no key was found that lives there",
	    "pool", pool_name(p), "servers", count, "first", address);
}

/* False when there was nothing left to do. */
static bool
seek_probes(struct pools *ps)
{
	for (; ps->probed < ps->len; ps->probed++) {
		struct pool *p = ps->list[ps->probed];
		struct pool_probes *probes = pool_probes(p);

		if (probes == NULL || pool_probes_are_sought(probes))
			continue;
		if (!pool_probes_seek(probes, p, TURN_KEYS))
			say_missing(p);
		return true;
	}
	return false;
}

static bool
sample(struct pools *ps)
{
	while (ps->sampled < ps->len && pool_is_sampled(ps->list[ps->sampled]))
		ps->sampled++;
	if (ps->sampled == ps->len)
		return false;
	(void)pool_sample(ps->list[ps->sampled], TURN_KEYS);
	return true;
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct pools *ps = arg;
	struct timeval pause = { 0, PAUSE_US };

	(void)fd;
	(void)what;
	if (seek_probes(ps) || sample(ps))
		(void)event_add(ps->turn, &pause);
}

void
pools_start(struct pools *ps, struct event_base *base)
{
	ps->turn = xnonnull(evtimer_new(base, on_turn, ps));
	event_active(ps->turn, EV_TIMEOUT, 0);
}

void
pools_finish(struct pools *ps)
{
	for (size_t i = 0; i < ps->len; i++)
		(void)pool_sample(ps->list[i], POOL_SAMPLE_KEYS);
}

size_t
pools_count(const struct pools *ps)
{
	return ps->len;
}

const struct pool *
pools_at(const struct pools *ps, size_t i)
{
	return ps->list[i];
}

const struct pool *
pools_find(const struct pools *ps, const char *name)
{
	return name != NULL ? find(ps, name) : NULL;
}
