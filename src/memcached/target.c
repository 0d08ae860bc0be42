#include "memcached/target.h"

#include <malloc.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/access.h"
#include "memcached/connection.h"
#include "memcached/modules.h"
#include "memcached/resolve.h"
#include "memcached/status.h"
#include "memcached/tls.h"

/*
 * A reused connection that says nothing for this part of the time left gets a
 * rival. A worker thread of the InnoDB plugin that waits for a row lock
 * stalls all connections pinned to it, while its other threads answer.
 */
#define SILENCE_SHARE 4

/* How often to look for idle targets. */
#define SWEEP_SECONDS 30

/* So many gone at once are worth asking glibc to give their memory back. */
#define GONE_MANY 100

TAILQ_HEAD(waiters, waiter);

struct targets {
	struct connection_env env;
	TAILQ_HEAD(, target) list; /* the one got last at the end */
	void *tree;                /* the same by address, of tsearch(3) */
	size_t len;
	bool stopped;
	struct event *sweep;
};

struct target {
	struct peer peer; /* first: the tree compares it */
	TAILQ_ENTRY(target) entry;
	struct targets *all;
	struct status status;
	uint64_t got;           /* when somebody last wanted it */
	bool forgotten;         /* nobody will find it again */
	struct waiters asking;  /* share the collection under way */
	struct waiters waiting; /* will share the next one */
	bool busy;              /* a collection is under way */
	uint64_t began;         /* when the last one did */
	unsigned sections;      /* of the collection under way */
	uint64_t deadline;      /* of its last waiter */
	struct event *silence;
	uint64_t patience; /* until when that is pending */
	struct connection *connection;
	struct connection *rival; /* races the silent connection */
};

static connection_fn on_done;
static void go_on(struct target *t);
static void sweep_later(struct targets *ts);

static void
drop(struct connection **c)
{
	connection_free(*c);
	*c = NULL;
}

static void
waiter_end(struct waiter *w, struct reply *reply, const struct error *why)
{
	struct target *t = w->target;

	TAILQ_REMOVE(w->asking ? &t->asking : &t->waiting, w, entry);
	event_free(w->late);
	w->late = NULL;
	w->done(reply, why, w->arg);
}

/* The end of a collection: for all who share it, with what c brought. */
static void
finish(struct target *t, struct connection *c, const struct error *why)
{
	struct waiter *w;

	(void)event_del(t->silence);
	while ((w = TAILQ_FIRST(&t->asking)) != NULL)
		waiter_end(w, connection_reply(c), why);
	connection_rest(c);
	if (c == t->rival) {
		drop(&t->connection);
		t->connection = t->rival;
		t->rival = NULL;
	}
	drop(&t->rival);
	if (!connection_is_usable(t->connection))
		drop(&t->connection);
	go_on(t);
}

static void
ask(struct target *t, struct connection **c)
{
	if (*c == NULL)
		*c = connection_new(&t->all->env, &t->peer, on_done, t);
	connection_ask(*c, t->sections, t->deadline);
}

/* Bears silence no longer than one with this deadline can afford. */
static void
limit_patience(struct target *t, uint64_t now, uint64_t deadline)
{
	uint64_t end =
	    deadline > now ? now + (deadline - now) / SILENCE_SHARE : now;
	struct timeval left = clock_until(end);

	if (event_pending(t->silence, EV_TIMEOUT, NULL) && t->patience <= end)
		return;
	t->patience = end;
	(void)event_add(t->silence, &left);
}

/* Waiting becomes asking. */
static void
start(struct target *t)
{
	struct waiter *w = TAILQ_FIRST(&t->waiting), *next;
	uint64_t now = clock_us(), soonest = UINT64_MAX;

	t->busy = true;
	t->began = now;
	t->sections = w->sections;
	t->deadline = now;
	/* nobody is told more than he asked for */
	for (; w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->deadline_us < soonest)
			soonest = w->deadline_us;
		if (w->sections != t->sections)
			continue;
		TAILQ_REMOVE(&t->waiting, w, entry);
		TAILQ_INSERT_TAIL(&t->asking, w, entry);
		w->asking = true;
		if (w->deadline_us > t->deadline)
			t->deadline = w->deadline_us;
	}
	/* closed while it was at rest: no need to find that out by asking */
	if (t->connection != NULL && !connection_is_usable(t->connection))
		drop(&t->connection);
	ask(t, &t->connection);
	if (connection_was_reused(t->connection))
		limit_patience(t, now, soonest);
}

/* A collection has ended; those who came meanwhile share the next. */
static void
go_on(struct target *t)
{
	t->busy = false;
	if (!TAILQ_EMPTY(&t->waiting))
		start(t);
}

static void
on_silence(evutil_socket_t fd, short what, void *arg)
{
	struct target *t = arg;

	(void)fd;
	(void)what;
	if (connection_is_silent(t->connection))
		ask(t, &t->rival);
}

/*
 * One of two has failed. The other may still answer, unless the rival learned
 * that nobody listens any more: then the silent one is a ghost.
 */
static bool
other_goes_on(struct target *t, struct connection *c, const struct error *why)
{
	if (t->rival == NULL)
		return false;
	if (c == t->rival) {
		if (why->reason == REASON_REFUSED && !connection_was_reached(c))
			return false;
		drop(&t->rival);
		return true;
	}
	drop(&t->connection);
	t->connection = t->rival;
	t->rival = NULL;
	return true;
}

/* Closes the connection that was idle for longest, for its descriptor. */
static bool
spare(struct targets *ts)
{
	struct target *t;

	TAILQ_FOREACH (t, &ts->list, entry) {
		if (t->busy || t->connection == NULL)
			continue;
		drop(&t->connection);
		return true;
	}
	return false;
}

/* The failure says nothing about the server's health. */
static bool
deserves_another(
    struct target *t, const struct connection *c, const struct error *why)
{
	/* restarted, or kicked for idling */
	if (connection_was_reused(c) && connection_is_silent(c))
		return true;
	return why->reason == REASON_BUSY && spare(t->all);
}

static void
on_done(struct connection *c, const struct error *why, void *arg)
{
	struct target *t = arg;

	if (why != NULL && other_goes_on(t, c, why))
		return;
	if (why == NULL || !deserves_another(t, c, why)) {
		finish(t, c, why);
		return;
	}
	(void)event_del(t->silence);
	drop(&t->connection);
	ask(t, &t->connection);
}

/* Whose half answer is worth more at the deadline. */
static struct connection *
better(const struct target *t)
{
	if (t->rival != NULL && connection_is_silent(t->connection))
		return t->rival;
	return t->connection;
}

/*
 * The collection under way has had less than half of the waiter's time: what
 * ended the one before it says more than how far this one has come.
 */
static void
blame_earlier(const struct target *t, const struct waiter *w, struct error *why)
{
	bool only_time =
	    why->reason == REASON_TIMEOUT || why->reason == REASON_DNS;

	if (only_time && t->status.health == HEALTH_DOWN &&
	    w->deadline_us > w->came_us &&
	    t->began > w->came_us + (w->deadline_us - w->came_us) / 2)
		(void)error_because(
		    why, t->status.reason, "%s", t->status.error);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *w = arg;
	struct target *t = w->target;
	struct connection *c = better(t);
	struct error why;

	(void)fd;
	(void)what;
	connection_late(c, &why);
	blame_earlier(t, w, &why);
	waiter_end(w, w->asking ? connection_reply(c) : NULL, &why);
	if (!TAILQ_EMPTY(&t->asking))
		return;
	/* nobody is left to hear the rest: what comes late is not reused */
	(void)event_del(t->silence);
	drop(&t->rival);
	drop(&t->connection);
	go_on(t);
}

void
target_ask(struct target *t, struct waiter *w)
{
	struct timeval left = clock_until(w->deadline_us);
	uint64_t now = clock_us();

	w->target = t;
	w->came_us = now;
	w->asking = false;
	w->late = xnonnull(evtimer_new(t->all->env.base, on_late, w));
	(void)event_add(w->late, &left);
	TAILQ_INSERT_TAIL(&t->waiting, w, entry);
	if (!t->busy)
		start(t);
	else if (event_pending(t->silence, EV_TIMEOUT, NULL))
		limit_patience(t, now, w->deadline_us);
}

const struct address *
target_address(const struct target *t)
{
	return &t->peer.address;
}

struct status *
target_status(struct target *t)
{
	return &t->status;
}

/* By address, for people to read. Names are the same in any case. */
static int
compare(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;
	bool path = x->address.is_path;
	int r = path - y->address.is_path;

	if (r == 0)
		r = (path ? strcmp : strcasecmp)(
		    x->address.host, y->address.host);
	if (r == 0)
		r = x->address.is_absolute - y->address.is_absolute;
	if (r == 0)
		r = (int)x->address.port - (int)y->address.port;
	if (r == 0 && x->access != y->access)
		r = (uintptr_t)x->access < (uintptr_t)y->access ? -1 : 1;
	return r;
}

static struct target *
find(const struct targets *ts, const struct peer *peer)
{
	struct target *const *found = tfind(peer, &ts->tree, compare);

	return found != NULL ? *found : NULL;
}

static struct target *
add(struct targets *ts, const struct peer *peer)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->peer = *peer;
	if (peer->access->tls != NULL)
		t->peer.session = tls_session_new();
	t->all = ts;
	status_init(&t->status);
	modules_hold(peer->access->owner);
	TAILQ_INIT(&t->asking);
	TAILQ_INIT(&t->waiting);
	t->silence = xnonnull(evtimer_new(ts->env.base, on_silence, t));
	TAILQ_INSERT_TAIL(&ts->list, t, entry);
	(void)xnonnull(tsearch(t, &ts->tree, compare));
	if (ts->len++ == 0)
		sweep_later(ts);
	return t;
}

/* Those who wait still get their call. */
static void
end_all(struct waiters *list)
{
	struct error why;
	struct waiter *w;

	(void)error_set(&why, "The exporter is stopping.");
	while ((w = TAILQ_FIRST(list)) != NULL)
		waiter_end(w, NULL, &why);
}

static void
target_free(struct target *t)
{
	struct targets *ts = t->all;

	drop(&t->rival);
	drop(&t->connection);
	event_free(t->silence);
	tls_session_free(t->peer.session);
	status_release(&t->status);
	TAILQ_REMOVE(&ts->list, t, entry);
	if (!t->forgotten)
		(void)tdelete(t, &ts->tree, compare);
	ts->len--;
	modules_release(t->peer.access->owner);
	free(t);
}

/* free(3) gives back the end of the heap only, where something always is. */
static void
give_back(const struct targets *ts, size_t before)
{
	if (ts->len + GONE_MANY <= before)
		(void)malloc_trim(0);
}

static void
sweep_later(struct targets *ts)
{
	struct timeval soon = { SWEEP_SECONDS, 0 };

	(void)event_add(ts->sweep, &soon);
}

/* Those at the front have been idle for longest. */
static void
on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct targets *ts = arg;
	struct target *t = TAILQ_FIRST(&ts->list), *next;
	uint64_t now = clock_us();
	size_t before = ts->len;

	(void)fd;
	(void)what;
	for (; t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (!t->forgotten &&
		    now - t->got < TARGET_IDLE_SECONDS * 1000000ULL)
			break;
		if (!t->busy)
			target_free(t);
	}
	give_back(ts, before);
	if (ts->len > 0)
		sweep_later(ts);
}

/* Drops the one that has been idle for longest. */
static int
make_room(struct targets *ts)
{
	struct target *t;

	TAILQ_FOREACH (t, &ts->list, entry) {
		if (t->busy)
			continue;
		target_free(t);
		return 0;
	}
	return -1;
}

struct target *
targets_get(struct targets *ts, const struct address *address,
    const struct access *access, struct error *e)
{
	struct peer peer = { .address = *address, .access = access };
	struct target *t = find(ts, &peer);

	if (ts->stopped) {
		(void)error_set(e, "The exporter is stopping.");
		return NULL;
	}
	if (t == NULL && ts->len >= TARGETS_MAX && make_room(ts) < 0) {
		(void)error_because(e, REASON_BUSY,
		    "%d targets are being scraped", TARGETS_MAX);
		return NULL;
	}
	if (t == NULL)
		t = add(ts, &peer);
	t->got = clock_us();
	TAILQ_REMOVE(&ts->list, t, entry);
	TAILQ_INSERT_TAIL(&ts->list, t, entry);
	return t;
}

struct targets *
targets_new(struct event_base *base, const struct keys *keys)
{
	struct targets *ts = xcalloc(1, sizeof(*ts));

	ts->env.base = base;
	ts->env.keys = keys;
	ts->env.resolver = resolver_new(base);
	ts->sweep = xnonnull(evtimer_new(base, on_sweep, ts));
	TAILQ_INIT(&ts->list);
	return ts;
}

void
targets_stop(struct targets *ts)
{
	struct target *t;

	ts->stopped = true;
	TAILQ_FOREACH (t, &ts->list, entry) {
		t->busy = true; /* nothing new begins here */
		end_all(&t->asking);
		end_all(&t->waiting);
	}
}

void
targets_free(struct targets *ts)
{
	struct target *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->list)) != NULL)
		target_free(t);
	event_free(ts->sweep);
	resolver_free(ts->env.resolver);
	free(ts);
}

/*
 * What is known of a target is still so when there is a module of that name,
 * and it may be reached in the same way. The flags' list has not changed.
 */
static void
bequeath(struct targets *ts, const struct target *t, const struct modules *ms)
{
	const struct access *old = t->peer.access;
	const struct module *m = old->module[0] == '\0'
				     ? modules_own(ms)
				     : modules_find(ms, old->module);
	struct peer peer = { .address = t->peer.address };
	struct target *heir;
	struct error e;

	if (m != NULL)
		peer.access =
		    module_access(m, &peer.address, old->allow[0] == NULL, &e);
	if (peer.access == NULL || find(ts, &peer) != NULL)
		return;
	heir = add(ts, &peer);
	heir->got = t->got;
	status_copy(&heir->status, &t->status);
}

void
targets_reload(struct targets *ts, const struct modules *ms)
{
	struct target *t = TAILQ_FIRST(&ts->list), *next;
	size_t before = ts->len;

	for (; t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		if (t->forgotten || t->peer.access->owner == ms)
			continue; /* or it is an heir */
		bequeath(ts, t, ms);
		if (!t->busy) {
			target_free(t);
			continue;
		}
		/* to the front, where the sweep looks */
		t->forgotten = true;
		(void)tdelete(t, &ts->tree, compare);
		TAILQ_REMOVE(&ts->list, t, entry);
		TAILQ_INSERT_HEAD(&ts->list, t, entry);
	}
	give_back(ts, before);
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

static void
tell(const struct target *t, const struct walk *walk)
{
	uint64_t since =
	    t->connection != NULL ? connection_since(t->connection) : 0;
	struct target_entry entry = { .address = &t->peer.address,
		.module = t->peer.access->module,
		.status = &t->status,
		.is_connected = since != 0,
		.connected_us = since != 0 ? walk->now - since : 0 };

	walk->each(&entry, walk->arg);
}

static void
on_node(const void *node, VISIT visit, void *arg)
{
	const struct target *t = *(const struct target *const *)node;
	const struct walk *walk = arg;

	if (visit != postorder && visit != leaf) /* its turn, of three */
		return;
	if ((t->status.health == HEALTH_DOWN) == walk->down)
		tell(t, walk);
}

void
targets_each(const struct targets *ts, target_fn *each, void *arg)
{
	struct walk walk = { .each = each, .arg = arg, .now = clock_us() };

	for (int down = 1; down >= 0; down--) {
		walk.down = down;
		twalk_r(ts->tree, on_node, &walk);
	}
}

uint64_t
targets_connects(const struct targets *ts)
{
	return ts->env.opened;
}
