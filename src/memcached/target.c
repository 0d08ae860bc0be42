#include "memcached/target.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/access.h"
#include "memcached/modules.h"
#include "memcached/status.h"
#include "memcached/tls.h"
#include "stats/collector.h"

/*
 * Beside a reused connection that says nothing for this part of the time left
 * a hedge connection is tried. A worker thread of the InnoDB plugin that waits
 * for a row lock stalls all connections pinned to it, while its other threads
 * answer.
 */
#define HEDGE_SHARE 4

TAILQ_HEAD(waiters, waiter);

enum target_state {
	TARGET_IDLE,
	TARGET_ASKING,  /* a collection is under way */
	TARGET_HEDGING, /* the same, over two connections */
	TARGET_STOPPED  /* nothing begins any more */
};

struct target {
	struct peer peer;
	struct target_env *env;
	enum target_state state;
	struct status status;
	struct waiters asking;  /* share the collection under way */
	struct waiters waiting; /* will share the next one */
	uint64_t began;         /* when the last one did */
	unsigned sections;      /* of the collection under way */
	uint64_t deadline;      /* of its last waiter */
	struct event *hedge_timer;
	uint64_t hedge_at; /* until when that is pending */
	struct connection *connection;
	struct connection *hedge; /* beside the silent connection */
};

static connection_fn on_target_answer;
static void target_go_on(struct target *t);

static void
target_set_state(struct target *t, enum target_state state)
{
	if (t->state != TARGET_STOPPED)
		t->state = state;
}

static void
target_close(struct connection **c, enum close_reason reason)
{
	connection_close(*c, reason);
	*c = NULL;
}

static void
waiter_end(struct waiter *w, struct outcome *outcome)
{
	struct target *t = w->target;

	TAILQ_REMOVE(w->asking ? &t->asking : &t->waiting, w, entry);
	event_free(w->late);
	w->late = NULL;
	w->done(outcome, w->arg);
}

static void
outcome_release(struct outcome *outcome)
{
	if (outcome->release != NULL)
		outcome->release(outcome->shared);
}

/* The hedge connection takes the place of the other. */
static void
target_promote(struct target *t)
{
	target_close(&t->connection, CLOSE_HEDGE);
	t->connection = t->hedge;
	t->hedge = NULL;
}

/* The end of a collection: for all that share it, with what c brought. */
static void
target_finish(struct target *t, struct connection *c, const struct error *why)
{
	struct outcome outcome = {
		.reply = connection_reply(c), .why = why, .at_us = clock_us()
	};
	struct waiter *w;

	(void)event_del(t->hedge_timer);
	while ((w = TAILQ_FIRST(&t->asking)) != NULL)
		waiter_end(w, &outcome);
	outcome_release(&outcome);
	connection_rest(c);
	if (c == t->hedge)
		target_promote(t);
	target_close(&t->hedge, CLOSE_HEDGE);
	if (!connection_is_usable(t->connection))
		target_close(&t->connection, CLOSE_BAD_ANSWER);
	target_go_on(t);
}

static void
target_send(struct target *t, struct connection **c)
{
	if (*c == NULL)
		*c = connection_new(
		    &t->env->connections, &t->peer, on_target_answer, t);
	connection_ask(*c, collectors_asked(t->sections), t->deadline);
}

/* The hedge connection comes in time for a waiter with this deadline. */
static void
target_arm_hedge(struct target *t, uint64_t now, uint64_t deadline)
{
	uint64_t end =
	    deadline > now ? now + (deadline - now) / HEDGE_SHARE : now;
	struct timeval left = clock_until(end);

	if (event_pending(t->hedge_timer, EV_TIMEOUT, NULL) &&
	    t->hedge_at <= end)
		return;
	t->hedge_at = end;
	(void)event_add(t->hedge_timer, &left);
}

/* Waiting becomes asking. */
static void
target_start(struct target *t)
{
	struct waiter *w = TAILQ_FIRST(&t->waiting), *next;
	uint64_t now = clock_us(), soonest = UINT64_MAX;

	target_set_state(t, TARGET_ASKING);
	t->began = now;
	t->sections = w->sections;
	t->deadline = now;
	/* none is told more than it asked for */
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
		target_close(&t->connection, CLOSE_SERVER);
	target_send(t, &t->connection);
	if (connection_was_reused(t->connection))
		target_arm_hedge(t, now, soonest);
}

/* A collection has ended; waiters that came meanwhile share the next. */
static void
target_go_on(struct target *t)
{
	target_set_state(t, TARGET_IDLE);
	if (!TAILQ_EMPTY(&t->waiting))
		target_start(t);
}

static void
on_target_silent(evutil_socket_t fd, short what, void *arg)
{
	struct target *t = arg;

	(void)fd;
	(void)what;
	if (!connection_is_silent(t->connection))
		return;
	target_set_state(t, TARGET_HEDGING);
	target_send(t, &t->hedge);
}

/*
 * One of two has failed. The other may still answer, unless the hedge found
 * that the server listens no more: then the silent one is a ghost.
 */
static bool
target_has_other(
    struct target *t, struct connection *c, const struct error *why)
{
	if (t->state != TARGET_HEDGING)
		return false;
	if (c == t->hedge) {
		if (why->reason == REASON_REFUSED && !connection_was_reached(c))
			return false;
		target_close(&t->hedge, CLOSE_SERVER);
	} else {
		target_promote(t);
	}
	target_set_state(t, TARGET_ASKING);
	return true;
}

/* The failure says nothing about the server's health. */
static bool
target_tries_again(
    struct target *t, const struct connection *c, const struct error *why)
{
	/* restarted, or kicked for idling */
	if (connection_was_reused(c) && connection_is_silent(c))
		return true;
	return why->reason == REASON_BUSY && t->env->spare(t->env->arg);
}

static void
on_target_answer(struct connection *c, const struct error *why, void *arg)
{
	struct target *t = arg;

	if (why != NULL && target_has_other(t, c, why))
		return;
	if (why == NULL || !target_tries_again(t, c, why)) {
		target_finish(t, c, why);
		return;
	}
	(void)event_del(t->hedge_timer);
	target_close(&t->connection, CLOSE_SERVER);
	target_send(t, &t->connection);
}

/* Which one's half answer is worth more at the deadline. */
static struct connection *
target_better(const struct target *t)
{
	if (t->hedge != NULL && connection_is_silent(t->connection))
		return t->hedge;
	return t->connection;
}

/*
 * The collection under way has had less than half of the waiter's time: what
 * ended the one before it says more than how far this one has come.
 */
static bool
waiter_blames_earlier(
    const struct target *t, const struct waiter *w, enum reason reason)
{
	bool only_time = reason == REASON_TIMEOUT || reason == REASON_DNS;

	return only_time && t->status.health == HEALTH_DOWN &&
	       w->deadline_us > w->came_us &&
	       t->began > w->came_us + (w->deadline_us - w->came_us) / 2;
}

/*
 * Of a collection that is not over, those at the front that are due as well:
 * they share what came of it. A later one that is due has its own timer.
 */
static void
target_end_due(struct target *t, struct outcome *outcome)
{
	struct waiter *w, *next;

	for (w = TAILQ_FIRST(&t->asking); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->deadline_us > outcome->at_us)
			break;
		if (!waiter_blames_earlier(t, w, outcome->why->reason))
			waiter_end(w, outcome);
	}
}

static void
on_waiter_late(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *w = arg;
	struct target *t = w->target;
	struct connection *c = target_better(t);
	struct error why;
	struct outcome outcome = { .why = &why, .at_us = clock_us() };
	bool shares = false;

	(void)fd;
	(void)what;
	connection_late(c, &why);
	if (w->asking)
		outcome.reply = connection_reply(c);
	if (waiter_blames_earlier(t, w, why.reason))
		(void)error_because(
		    &why, t->status.reason, "%s", t->status.error);
	else
		shares = w->asking;
	waiter_end(w, &outcome);
	if (shares)
		target_end_due(t, &outcome);
	outcome_release(&outcome);
	if (!TAILQ_EMPTY(&t->asking))
		return;
	/* nothing waits for the rest: what comes late is not reused */
	(void)event_del(t->hedge_timer);
	target_close(&t->hedge, CLOSE_TIMEOUT);
	target_close(&t->connection, CLOSE_TIMEOUT);
	target_go_on(t);
}

void
target_ask(struct target *t, struct waiter *w)
{
	struct timeval left = clock_until(w->deadline_us);
	uint64_t now = clock_us();

	w->target = t;
	w->came_us = now;
	w->asking = false;
	w->late =
	    xnonnull(evtimer_new(t->env->connections.base, on_waiter_late, w));
	(void)event_add(w->late, &left);
	TAILQ_INSERT_TAIL(&t->waiting, w, entry);
	if (t->state == TARGET_IDLE)
		target_start(t);
	else if (event_pending(t->hedge_timer, EV_TIMEOUT, NULL))
		target_arm_hedge(t, now, w->deadline_us);
}

struct target *
target_new(struct target_env *env, const struct peer *peer)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->env = env;
	t->peer = *peer;
	if (peer->access->tls != NULL)
		t->peer.session = tls_session_new();
	status_init(&t->status);
	modules_hold(peer->access->owner);
	TAILQ_INIT(&t->asking);
	TAILQ_INIT(&t->waiting);
	t->hedge_timer =
	    xnonnull(evtimer_new(env->connections.base, on_target_silent, t));
	return t;
}

void
target_free(struct target *t, enum close_reason reason)
{
	target_close(&t->hedge, reason);
	target_close(&t->connection, reason);
	event_free(t->hedge_timer);
	tls_session_free(t->peer.session);
	status_release(&t->status);
	modules_release(t->peer.access->owner);
	free(t);
}

/* Those that wait still get their call. */
static void
waiters_end(struct waiters *list)
{
	struct error why;
	struct outcome outcome = { .why = &why, .at_us = clock_us() };
	struct waiter *w;

	(void)error_set(&why, "The exporter is stopping.");
	while ((w = TAILQ_FIRST(list)) != NULL)
		waiter_end(w, &outcome);
	outcome_release(&outcome);
}

void
target_stop(struct target *t)
{
	target_set_state(t, TARGET_STOPPED);
	waiters_end(&t->asking);
	waiters_end(&t->waiting);
}

bool
target_is_busy(const struct target *t)
{
	return t->state != TARGET_IDLE;
}

bool
target_spare(struct target *t)
{
	if (t->state != TARGET_IDLE || t->connection == NULL)
		return false;
	target_close(&t->connection, CLOSE_DESCRIPTORS);
	return true;
}

uint64_t
target_connected_since(const struct target *t)
{
	return t->connection != NULL ? connection_since(t->connection) : 0;
}

const struct peer *
target_peer(const struct target *t)
{
	return &t->peer;
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
