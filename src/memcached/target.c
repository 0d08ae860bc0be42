#include "memcached/target.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/connection.h"
#include "memcached/resolve.h"

/*
 * A reused connection that says nothing for this part of the time left gets a
 * rival. A worker thread of the InnoDB plugin that waits for a row lock
 * stalls all connections pinned to it, while its other threads answer.
 */
#define SILENCE_SHARE 4

TAILQ_HEAD(waiters, waiter);

struct targets {
	struct event_base *base;
	struct resolver *resolver;
	const struct keys *keys;
	TAILQ_HEAD(, target) list;
	size_t len;
	uint64_t connects;
};

struct target {
	TAILQ_ENTRY(target) entry;
	struct targets *all;
	struct address address;
	struct waiters asking;  /* share the collection under way */
	struct waiters waiting; /* will share the next one */
	bool busy;              /* a collection is under way */
	unsigned sections;      /* of the collection under way */
	uint64_t deadline;      /* of its last waiter */
	struct event *silence;
	struct connection *connection;
	struct connection *rival; /* races the silent connection */
};

static connection_fn on_done;
static void go_on(struct target *t);

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
		*c = connection_new(t->all->base, t->all->resolver,
		    t->all->keys, &t->address, &t->all->connects, on_done, t);
	connection_ask(*c, t->sections, t->deadline);
}

/* Waiting becomes asking. */
static void
start(struct target *t)
{
	struct waiter *w;
	uint64_t now = clock_us();
	struct timeval patience;

	t->busy = true;
	t->sections = 0;
	t->deadline = now;
	while ((w = TAILQ_FIRST(&t->waiting)) != NULL) {
		TAILQ_REMOVE(&t->waiting, w, entry);
		TAILQ_INSERT_TAIL(&t->asking, w, entry);
		w->asking = true;
		t->sections |= w->sections;
		if (w->deadline_us > t->deadline)
			t->deadline = w->deadline_us;
	}
	/* closed while it was at rest: no need to find that out by asking */
	if (t->connection != NULL && !connection_is_usable(t->connection))
		drop(&t->connection);
	ask(t, &t->connection);
	if (!connection_was_reused(t->connection))
		return;
	patience = clock_until(now + (t->deadline - now) / SILENCE_SHARE);
	(void)event_add(t->silence, &patience);
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
		if (why->reason == REASON_REFUSED)
			return false;
		drop(&t->rival);
		return true;
	}
	drop(&t->connection);
	t->connection = t->rival;
	t->rival = NULL;
	return true;
}

static void
on_done(struct connection *c, const struct error *why, void *arg)
{
	struct target *t = arg;

	if (why != NULL && other_goes_on(t, c, why))
		return;
	if (why != NULL && connection_was_reused(c) &&
	    connection_is_silent(c)) {
		/* restarted, or kicked for idling: no news about its health */
		(void)event_del(t->silence);
		drop(&t->connection);
		ask(t, &t->connection);
		return;
	}
	finish(t, c, why);
}

/* Whose half answer is worth more at the deadline. */
static struct connection *
better(const struct target *t)
{
	if (t->rival != NULL && connection_is_silent(t->connection))
		return t->rival;
	return t->connection;
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

	w->target = t;
	w->asking = false;
	w->late = xnonnull(evtimer_new(t->all->base, on_late, w));
	(void)event_add(w->late, &left);
	TAILQ_INSERT_TAIL(&t->waiting, w, entry);
	if (!t->busy)
		start(t);
}

const struct address *
target_address(const struct target *t)
{
	return &t->address;
}

struct target *
targets_add(struct targets *ts, const struct address *address)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->all = ts;
	t->address = *address;
	TAILQ_INIT(&t->asking);
	TAILQ_INIT(&t->waiting);
	t->silence = xnonnull(evtimer_new(ts->base, on_silence, t));
	TAILQ_INSERT_TAIL(&ts->list, t, entry);
	ts->len++;
	return t;
}

/* Those who wait still get their call. */
static void
end_all(struct waiters *list)
{
	struct error why;
	struct waiter *w;

	(void)error_because(&why, REASON_CLOSED, "the exporter is stopping");
	while ((w = TAILQ_FIRST(list)) != NULL)
		waiter_end(w, NULL, &why);
}

static void
target_free(struct target *t)
{
	end_all(&t->asking);
	end_all(&t->waiting);
	drop(&t->rival);
	drop(&t->connection);
	event_free(t->silence);
	free(t);
}

struct targets *
targets_new(struct event_base *base, const struct keys *keys)
{
	struct targets *ts = xcalloc(1, sizeof(*ts));

	ts->base = base;
	ts->keys = keys;
	ts->resolver = resolver_new(base);
	TAILQ_INIT(&ts->list);
	return ts;
}

void
targets_free(struct targets *ts)
{
	struct target *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->list)) != NULL) {
		TAILQ_REMOVE(&ts->list, t, entry);
		target_free(t);
	}
	resolver_free(ts->resolver);
	free(ts);
}

size_t
targets_count(const struct targets *ts)
{
	return ts->len;
}

uint64_t
targets_connects(const struct targets *ts)
{
	return ts->connects;
}
