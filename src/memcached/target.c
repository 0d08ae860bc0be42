#include "memcached/target.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/collection.h"
#include "memcached/history.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/tls.h"

TAILQ_HEAD(waiters, waiter);

enum target_state {
	TARGET_IDLE,
	TARGET_ASKING,  /* a collection is under way */
	TARGET_STALLED, /* one will begin when the server can be asked again */
	TARGET_STOPPED  /* nothing begins any more */
};

struct target {
	struct peer peer;
	struct collection_env *env;
	enum target_state state;
	struct status status;
	struct history *history; /* NULL: no page shows it */
	struct waiters asking;   /* share the collection under way */
	struct waiters waiting;  /* will share the next one */
	uint64_t began;          /* when the last one did */
	const struct plan *plan; /* of the collection under way */
	struct collection *collection;
};

static void
target_set_state(struct target *t, enum target_state state)
{
	if (t->state != TARGET_STOPPED)
		t->state = state;
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

/* All that wait get their call. */
static void
waiters_end(struct waiters *list, struct outcome *outcome)
{
	struct waiter *w;

	while ((w = TAILQ_FIRST(list)) != NULL)
		waiter_end(w, outcome);
}

/* Those that want what the first one wants: none is told more than that. */
static void
target_gather(struct target *t)
{
	struct waiter *w = TAILQ_FIRST(&t->waiting), *next;

	t->plan = w->plan;
	for (; w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->plan != t->plan)
			continue;
		TAILQ_REMOVE(&t->waiting, w, entry);
		TAILQ_INSERT_TAIL(&t->asking, w, entry);
		w->asking = true;
	}
}

/* Waiting becomes asking, if the server can be asked. */
static void
target_start(struct target *t)
{
	struct waiter *w;
	const struct plan *plan = TAILQ_FIRST(&t->waiting)->plan;
	uint64_t soonest = UINT64_MAX, deadline = 0;

	TAILQ_FOREACH (w, &t->waiting, entry) {
		if (w->deadline_us < soonest)
			soonest = w->deadline_us;
		if (w->plan == plan && w->deadline_us > deadline)
			deadline = w->deadline_us;
	}
	if (!collection_start(t->collection, plan, soonest, deadline)) {
		target_set_state(t, TARGET_STALLED);
		return;
	}
	target_set_state(t, TARGET_ASKING);
	t->began = clock_us();
	target_gather(t);
}

/* A collection is over; waiters that came meanwhile share the next. */
static void
on_target_ready(void *arg)
{
	struct target *t = arg;

	target_set_state(t, TARGET_IDLE);
	if (!TAILQ_EMPTY(&t->waiting))
		target_start(t);
}

static void
on_target_done(struct reply *reply, const struct error *why, void *arg)
{
	struct target *t = arg;
	struct outcome outcome = {
		.reply = reply, .why = why, .at_us = clock_us()
	};

	waiters_end(&t->asking, &outcome);
	outcome_release(&outcome);
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

/* Nothing may wait any more for what is under way, or for the next. */
static void
target_let_go(struct target *t)
{
	const struct waiters *those =
	    t->state == TARGET_STALLED ? &t->waiting : &t->asking;

	if (!TAILQ_EMPTY(those))
		return;
	collection_give_up(t->collection);
	on_target_ready(t);
}

static void
on_waiter_late(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *w = arg;
	struct target *t = w->target;
	struct error why;
	struct reply *reply = collection_late(t->collection, &why);
	struct outcome outcome = { .reply = w->asking ? reply : NULL,
		.why = &why,
		.at_us = clock_us() };
	bool shares = w->asking;

	(void)fd;
	(void)what;
	if (waiter_blames_earlier(t, w, why.reason)) {
		shares = false;
		(void)error_because(
		    &why, t->status.reason, "%s", t->status.error);
	}
	waiter_end(w, &outcome);
	if (shares)
		target_end_due(t, &outcome);
	outcome_release(&outcome);
	target_let_go(t);
}

void
target_ask(struct target *t, struct waiter *w)
{
	struct timeval left = clock_until(w->deadline_us);

	w->target = t;
	w->came_us = clock_us();
	w->asking = false;
	w->late =
	    xnonnull(evtimer_new(t->env->connections.base, on_waiter_late, w));
	(void)event_add(w->late, &left);
	TAILQ_INSERT_TAIL(&t->waiting, w, entry);
	if (t->state == TARGET_IDLE || t->state == TARGET_STALLED)
		target_start(t);
	else
		collection_hurry(t->collection, w->deadline_us);
}

struct target *
target_new(struct collection_env *env, const struct peer *peer)
{
	struct target *t = xcalloc(1, sizeof(*t));
	struct collection_calls calls = {
		.done = on_target_done, .ready = on_target_ready, .arg = t
	};

	t->env = env;
	t->peer = *peer;
	if (peer->access->tls != NULL)
		t->peer.session = tls_session_new();
	status_init(&t->status);
	(void)module_hold(peer->module);
	TAILQ_INIT(&t->asking);
	TAILQ_INIT(&t->waiting);
	t->collection = collection_new(env, &t->peer, &calls);
	return t;
}

void
target_free(struct target *t, enum close_reason reason)
{
	collection_free(t->collection, reason);
	tls_session_free(t->peer.session);
	status_release(&t->status);
	history_drop(&t->history);
	module_release(t->peer.module);
	free(t);
}

static void
waiters_stop(struct waiters *list)
{
	struct error why;
	struct outcome outcome = { .why = &why, .at_us = clock_us() };

	(void)error_set(&why, "The exporter is stopping.");
	waiters_end(list, &outcome);
	outcome_release(&outcome);
}

void
target_stop(struct target *t)
{
	target_set_state(t, TARGET_STOPPED);
	waiters_stop(&t->asking);
	waiters_stop(&t->waiting);
}

bool
target_is_busy(const struct target *t)
{
	return t->state != TARGET_IDLE;
}

bool
target_spare(struct target *t)
{
	return t->state == TARGET_IDLE &&
	       collection_close(t->collection, CLOSE_DESCRIPTORS);
}

uint64_t
target_connected_since(const struct target *t)
{
	return collection_connected_since(t->collection);
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

bool
target_is_hidden(const struct target *t, const struct error *why)
{
	const struct peer *peer = &t->peer;

	if (why->reason != REASON_DNS)
		return why->reason == REASON_FORBIDDEN;
	return (peer->check_flag_list || peer->check_module_list) &&
	       t->status.health == HEALTH_UNKNOWN;
}

void
target_hide(struct error *why)
{
	(void)error_because(why, REASON_FORBIDDEN,
	    "This target is not allowed, or its name is not known.");
}

struct status *
target_status(struct target *t)
{
	return &t->status;
}

struct history **
target_history(struct target *t)
{
	return &t->history;
}
