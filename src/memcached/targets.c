#include "memcached/targets.h"

#include <sys/queue.h>

#include <malloc.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/collection.h"
#include "memcached/history.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/resolve.h"
#include "memcached/status.h"
#include "memcached/target.h"

/* How often to look for idle targets. */
#define SWEEP_SECONDS 30

/* So many gone at once are worth asking glibc to give their memory back. */
#define GONE_MANY 100

/* A target's place among the others. */
struct place {
	const struct peer *peer; /* first: the tree compares it */
	struct target *target;
	TAILQ_ENTRY(place) entry;
	uint64_t got;   /* when a request last wanted it */
	bool forgotten; /* no request will find it again */
};

struct targets {
	struct collection_env env;
	TAILQ_HEAD(, place) list; /* the one got last at the end */
	void *tree;               /* the same by address, of tsearch(3) */
	size_t len, max;
	struct histories *histories;
	bool stopped;
	struct event *sweep;
};

/* By address, for people to read. Names are the same in any case. */
static int
peer_compare(const struct peer *x, const struct peer *y)
{
	bool path = x->address.is_path;
	int r = path - y->address.is_path;

	if (r == 0)
		r = (path ? strcmp : strcasecmp)(
		    x->address.host, y->address.host);
	if (r == 0)
		r = x->address.is_absolute - y->address.is_absolute;
	if (r == 0)
		r = (int)x->address.port - (int)y->address.port;
	if (r == 0 && x->module != y->module)
		r = (uintptr_t)x->module < (uintptr_t)y->module ? -1 : 1;
	if (r == 0)
		r = x->check_flag_list - y->check_flag_list;
	if (r == 0)
		r = x->check_module_list - y->check_module_list;
	return r;
}

static int
place_compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return peer_compare(x->peer, y->peer);
}

static struct place *
targets_find(const struct targets *ts, const struct peer *peer)
{
	struct place key = { .peer = peer };
	struct place *const *found = tfind(&key, &ts->tree, place_compare);

	return found != NULL ? *found : NULL;
}

static void
targets_sweep_later(struct targets *ts)
{
	struct timeval soon = { SWEEP_SECONDS, 0 };

	(void)event_add(ts->sweep, &soon);
}

static struct place *
targets_add(struct targets *ts, const struct peer *peer)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->target = target_new(&ts->env, peer);
	p->peer = target_peer(p->target);
	TAILQ_INSERT_TAIL(&ts->list, p, entry);
	(void)xnonnull(tsearch(p, &ts->tree, place_compare));
	if (ts->len++ == 0)
		targets_sweep_later(ts);
	return p;
}

static void
targets_drop(struct targets *ts, struct place *p, enum close_reason reason)
{
	TAILQ_REMOVE(&ts->list, p, entry);
	if (!p->forgotten)
		(void)tdelete(p, &ts->tree, place_compare);
	ts->len--;
	target_free(p->target, reason);
	free(p);
}

/* free(3) gives back the end of the heap only, where something always is. */
static void
targets_trim(const struct targets *ts, size_t before)
{
	if (ts->len + GONE_MANY <= before)
		(void)malloc_trim(0);
}

/* Those at the front have been idle for longest. */
static void
on_targets_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct targets *ts = arg;
	struct place *p = TAILQ_FIRST(&ts->list), *next;
	uint64_t now = clock_us();
	size_t before = ts->len;

	(void)fd;
	(void)what;
	for (; p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (!p->forgotten &&
		    now - p->got < TARGET_IDLE_SECONDS * 1000000ULL)
			break;
		if (!target_is_busy(p->target))
			targets_drop(
			    ts, p, p->forgotten ? CLOSE_RELOAD : CLOSE_IDLE);
	}
	targets_trim(ts, before);
	if (ts->len > 0)
		targets_sweep_later(ts);
}

/* Closes the connection that was idle for longest, for its descriptor. */
static bool
targets_spare(void *arg)
{
	struct targets *ts = arg;
	struct place *p;

	TAILQ_FOREACH (p, &ts->list, entry) {
		if (target_spare(p->target))
			return true;
	}
	return false;
}

/* Drops the one that has been idle for longest. */
static int
targets_make_room(struct targets *ts)
{
	struct place *p;

	TAILQ_FOREACH (p, &ts->list, entry) {
		if (target_is_busy(p->target))
			continue;
		targets_drop(ts, p, CLOSE_LIMIT);
		return 0;
	}
	return -1;
}

struct target *
targets_get(struct targets *ts, const struct peer *peer, struct error *e)
{
	struct place *p = targets_find(ts, peer);

	if (ts->stopped) {
		(void)error_set(e, "The exporter is stopping.");
		return NULL;
	}
	if (p == NULL && ts->len >= ts->max && targets_make_room(ts) < 0) {
		(void)error_because(
		    e, REASON_BUSY, "%zu targets are being scraped", ts->max);
		return NULL;
	}
	if (p == NULL)
		p = targets_add(ts, peer);
	p->got = clock_us();
	TAILQ_REMOVE(&ts->list, p, entry);
	TAILQ_INSERT_TAIL(&ts->list, p, entry);
	return p->target;
}

struct targets *
targets_new(struct event_base *base, const struct keys *keys, size_t max)
{
	struct targets *ts = xcalloc(1, sizeof(*ts));

	ts->max = max;
	ts->histories = histories_new();
	ts->env = (struct collection_env){
		.connections = { .base = base,
		    .resolver = resolver_new(base),
		    .keys = keys },
		.spare = targets_spare,
		.arg = ts,
	};
	ts->sweep = xnonnull(evtimer_new(base, on_targets_sweep, ts));
	TAILQ_INIT(&ts->list);
	return ts;
}

void
targets_stop(struct targets *ts)
{
	struct place *p;

	ts->stopped = true;
	TAILQ_FOREACH (p, &ts->list, entry)
		target_stop(p->target);
}

void
targets_free(struct targets *ts)
{
	struct place *p;

	if (ts == NULL)
		return;
	while ((p = TAILQ_FIRST(&ts->list)) != NULL)
		targets_drop(ts, p, CLOSE_SHUTDOWN);
	event_free(ts->sweep);
	histories_free(ts->histories);
	resolver_free(ts->env.connections.resolver);
	free(ts);
}

/* What is known of a target is still so when it may be reached again. */
static void
targets_add_heir(struct targets *ts, struct place *p, const struct modules *ms)
{
	struct place *heir;
	struct peer peer;

	if (!modules_heir(ms, p->peer, &peer) ||
	    targets_find(ts, &peer) != NULL)
		return;
	heir = targets_add(ts, &peer);
	heir->got = p->got;
	TAILQ_REMOVE(&ts->list, heir, entry);
	TAILQ_INSERT_BEFORE(p, heir, entry);
	status_copy(target_status(heir->target), target_status(p->target));
	history_move(target_history(p->target), target_history(heir->target));
}

/* No request finds it any more. To the front, where the sweep looks. */
static void
place_forget(struct targets *ts, struct place *p)
{
	p->forgotten = true;
	(void)tdelete(p, &ts->tree, place_compare);
	TAILQ_REMOVE(&ts->list, p, entry);
	TAILQ_INSERT_HEAD(&ts->list, p, entry);
}

void
targets_forget(struct targets *ts, struct target *t)
{
	struct place *p = targets_find(ts, target_peer(t));

	/* it may be forgotten already, and another one have its place */
	if (p == NULL || p->target != t)
		return;
	place_forget(ts, p);
	event_active(ts->sweep, EV_TIMEOUT, 1);
}

void
targets_reload(struct targets *ts, const struct modules *ms)
{
	struct place *p = TAILQ_FIRST(&ts->list), *next;
	size_t before = ts->len;

	for (; p != NULL; p = next) {
		bool busy = target_is_busy(p->target);

		next = TAILQ_NEXT(p, entry);
		if (p->forgotten || modules_has(ms, p->peer->module))
			continue;
		/* one that is busy keeps its place, so there are two */
		if (!busy || ts->len < ts->max)
			targets_add_heir(ts, p, ms);
		if (busy)
			place_forget(ts, p);
		else
			targets_drop(ts, p, CLOSE_RELOAD);
	}
	targets_trim(ts, before);
}

size_t
targets_count(const struct targets *ts)
{
	return ts->len;
}

struct walk {
	target_fn *each;
	void *arg;
	bool down;
	uint64_t now;
};

static struct target_entry
entry_of(const struct place *p, uint64_t now)
{
	uint64_t since = target_connected_since(p->target);

	return (struct target_entry){ .address = &p->peer->address,
		.module = module_label(p->peer->module),
		.status = target_status(p->target),
		.is_connected = since != 0,
		.connected_us = since != 0 ? now - since : 0 };
}

static void
walk_tell(const struct walk *walk, const struct place *p)
{
	struct target_entry entry = entry_of(p, walk->now);

	walk->each(&entry, walk->arg);
}

static void
on_walk_node(const void *node, VISIT visit, void *arg)
{
	const struct place *p = *(const struct place *const *)node;
	const struct walk *walk = arg;

	if (visit != postorder && visit != leaf) /* its turn, of three */
		return;
	if ((target_status(p->target)->health == HEALTH_DOWN) == walk->down)
		walk_tell(walk, p);
}

void
targets_each(const struct targets *ts, target_fn *each, void *arg)
{
	struct walk walk = { .each = each, .arg = arg, .now = clock_us() };

	for (int down = 1; down >= 0; down--) {
		walk.down = down;
		twalk_r(ts->tree, on_walk_node, &walk);
	}
}

struct history *
targets_look(
    struct targets *ts, const struct peer *peer, struct target_entry *entry)
{
	struct place *p = targets_find(ts, peer);
	uint64_t now = clock_us();

	if (p == NULL)
		return NULL;
	*entry = entry_of(p, now);
	return history_look(ts->histories, target_history(p->target), now);
}

uint64_t
targets_connects(const struct targets *ts)
{
	return ts->env.connections.opened;
}

uint64_t
targets_closes(const struct targets *ts, enum close_reason reason)
{
	return ts->env.connections.closed[reason];
}
