#include "memcached/target.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/habits.h"
#include "memcached/links.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/tls.h"
#include "stats/collector.h"

/*
 * Beside a connection that says nothing for this part of the time left a hedge
 * connection is tried: if it was open before, since a worker thread of the
 * InnoDB plugin that waits for a row lock stalls all connections pinned to it,
 * while its other threads answer; or if it has answered the first of several
 * commands, since some servers drop the rest.
 */
#define HEDGE_SHARE 4

/* With less time left than this it is not tried. */
#define HEDGE_US_MIN 10000

TAILQ_HEAD(waiters, waiter);

enum target_state {
	TARGET_IDLE,
	TARGET_ASKING,  /* a collection is under way */
	TARGET_HEDGING, /* the same, over two connections */
	TARGET_STALLED, /* waiters, but all connections are late */
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
	uint64_t soonest;       /* of the first waiter of all */
	struct event *timer;    /* to hedge; or the end of a stall's backoff */
	uint64_t timer_at;      /* until when that is pending */
	struct links links;
	struct habits habits;
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

static void
target_arm(struct target *t, uint64_t at)
{
	struct timeval left = clock_until(at);

	t->timer_at = at;
	(void)event_add(t->timer, &left);
}

static uint64_t
hedge_at(uint64_t from, uint64_t deadline)
{
	return deadline > from ? from + (deadline - from) / HEDGE_SHARE : from;
}

static void
target_send(struct target *t, struct link *l, bool one_by_one)
{
	struct ask ask = { .sections = collectors_asked(t->sections),
		.refused = one_by_one ? t->habits.refused : 0,
		.one_by_one = one_by_one,
		.deadline_us = t->deadline };

	if (l->connection == NULL)
		l->connection = connection_new(
		    &t->env->connections, &t->peer, on_target_answer, t);
	l->state = LINK_ASKED;
	l->one_by_one = one_by_one;
	l->asked =
	    ask.sections & ~(ask.refused | connection_refused(l->connection));
	connection_ask(l->connection, &ask);
}

/* Several commands went to it in one write. */
static bool
target_is_pipelined(const struct target *t, const struct link *l)
{
	return t->peer.access->protocol != PROTOCOL_BINARY && !l->one_by_one &&
	       (l->asked & (l->asked - 1)) != 0;
}

/* Waiting becomes asking. */
static void
target_gather(struct target *t, uint64_t now)
{
	struct waiter *w = TAILQ_FIRST(&t->waiting), *next;

	t->began = now;
	t->sections = w->sections;
	t->deadline = now;
	t->soonest = UINT64_MAX;
	/* none is told more than it asked for */
	for (; w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		if (w->deadline_us < t->soonest)
			t->soonest = w->deadline_us;
		if (w->sections != t->sections)
			continue;
		TAILQ_REMOVE(&t->waiting, w, entry);
		TAILQ_INSERT_TAIL(&t->asking, w, entry);
		w->asking = true;
		if (w->deadline_us > t->deadline)
			t->deadline = w->deadline_us;
	}
}

static void
target_start(struct target *t)
{
	uint64_t now = clock_us();
	struct link *l = links_pick(&t->links, now);

	if (l == NULL) {
		target_set_state(t, TARGET_STALLED);
		target_arm(t, t->links.retry_us);
		return;
	}
	target_set_state(t, TARGET_ASKING);
	target_gather(t, now);
	target_send(t, l, habits_one_by_one(&t->habits, now));
	if (connection_was_reused(l->connection) || target_is_pipelined(t, l))
		target_arm(t, hedge_at(now, t->soonest));
	else
		(void)event_del(t->timer);
}

/* A collection has ended; waiters that came meanwhile share the next. */
static void
target_go_on(struct target *t)
{
	(void)event_del(t->timer);
	target_set_state(t, TARGET_IDLE);
	if (!TAILQ_EMPTY(&t->waiting))
		target_start(t);
}

/* What a collection says of how to ask the server. */
static void
target_learn(struct target *t, const struct link *l, uint64_t now)
{
	const struct connection *c = l->connection;

	if (!l->one_by_one || connection_answered(c) == 0)
		return;
	habits_learn(
	    &t->habits, connection_refused(c), connection_stuck(c), now);
	habits_note(&t->habits, connection_reply(c));
}

/* Links that the end of a collection has left asked are late. */
static void
target_leave(struct target *t, uint64_t now)
{
	struct link *l;

	while ((l = links_find(&t->links, LINK_ASKED)) != NULL)
		link_late(l, now);
}

/* The end of a collection: for all that share it, with what l brought. */
static void
target_finish(struct target *t, struct link *l, const struct error *why)
{
	uint64_t now = clock_us();
	struct outcome outcome = { .reply = connection_reply(l->connection),
		.why = why,
		.at_us = now };
	struct waiter *w;

	target_learn(t, l, now);
	while ((w = TAILQ_FIRST(&t->asking)) != NULL)
		waiter_end(w, &outcome);
	outcome_release(&outcome);
	connection_rest(l->connection);
	if (why == NULL)
		links_answered(&t->links);
	if (connection_is_usable(l->connection))
		l->state = LINK_RESTING;
	else
		link_close(l, CLOSE_BAD_ANSWER);
	target_leave(t, now);
	links_tidy(&t->links, l);
	target_go_on(t);
}

/* A second connection, if there may be one; or the collection goes on. */
static bool
target_hedge(struct target *t, bool one_by_one, uint64_t now)
{
	struct link *l = links_pick(&t->links, now);

	if (l == NULL)
		return false;
	target_send(t, l, one_by_one);
	return true;
}

static void
target_consider_hedge(struct target *t, uint64_t now)
{
	struct link *l = links_find(&t->links, LINK_ASKED);
	struct connection *c = l->connection;
	uint64_t at = hedge_at(connection_heard(c), t->soonest);
	bool silent = connection_is_silent(c);
	bool stuck = target_is_pipelined(t, l) && connection_answered(c) != 0;

	if (now >= at && (silent ? connection_was_reused(c) : stuck)) {
		if (target_hedge(t, !silent || l->one_by_one, now))
			target_set_state(t, TARGET_HEDGING);
		else if (t->links.retry_us < t->soonest)
			target_arm(t, t->links.retry_us);
	} else if (t->soonest > now + HEDGE_US_MIN) {
		target_arm(t, now >= at ? hedge_at(now, t->soonest) : at);
	}
}

static void
on_target_timer(evutil_socket_t fd, short what, void *arg)
{
	struct target *t = arg;

	(void)fd;
	(void)what;
	switch (t->state) {
	case TARGET_ASKING:
		target_consider_hedge(t, clock_us());
		break;
	case TARGET_STALLED:
		target_start(t);
		break;
	case TARGET_IDLE:
	case TARGET_HEDGING:
	case TARGET_STOPPED:
		break;
	}
}

/* The failure says nothing about the server's health. */
static bool
target_tries_again(
    struct target *t, const struct link *l, const struct error *why)
{
	/* restarted, or kicked for idling */
	if (connection_was_reused(l->connection) &&
	    connection_is_silent(l->connection))
		return true;
	return why->reason == REASON_BUSY && t->env->spare(t->env->arg);
}

/* It may be that it only cannot take several commands in one write. */
static bool
target_tries_one_by_one(
    struct target *t, struct link *l, const struct error *why)
{
	const struct connection *c = l->connection;
	bool cut = why->reason == REASON_CLOSED && connection_answered(c) != 0;
	bool refused = why->reason == REASON_PROTOCOL &&
		       connection_refused(c) & 1U << SECTION_STATS;

	if (!target_is_pipelined(t, l) || (!cut && !refused))
		return false;
	l->state = LINK_FAILED;
	return target_hedge(t, true, clock_us());
}

/*
 * One of two has failed. The other may still answer, unless the hedge found
 * that the server listens no more: then the silent one is a ghost.
 */
static void
target_failed_beside(struct target *t, struct link *l, struct link *other,
    const struct error *why)
{
	if (why->reason == REASON_REFUSED &&
	    !connection_was_reached(l->connection) &&
	    connection_is_silent(other->connection)) {
		link_close(other, CLOSE_TIMEOUT);
		target_finish(t, l, why);
		return;
	}
	if (connection_answered(l->connection) != 0)
		l->state = LINK_FAILED;
	else
		link_close(l, CLOSE_SERVER);
	target_set_state(t, TARGET_ASKING);
}

/* Which one's answer, that is not whole, is worth more. */
static bool
link_beats(const struct link *l, const struct link *best)
{
	int more = __builtin_popcount(connection_answered(l->connection)) -
		   __builtin_popcount(connection_answered(best->connection));

	if (more != 0)
		return more > 0;
	return best->state != LINK_FAILED &&
	       connection_is_silent(best->connection) &&
	       !connection_is_silent(l->connection);
}

static struct link *
target_best(struct target *t)
{
	struct link *best = NULL;

	for (size_t i = 0; i < LINKS_MAX; i++) {
		struct link *l = &t->links.list[i];
		bool counts = l->state == LINK_ASKED || l->state == LINK_FAILED;

		if (t->state == TARGET_STALLED)
			counts = l->state == LINK_LATE;
		if (counts && (best == NULL || link_beats(l, best)))
			best = l;
	}
	return best;
}

static void
target_failed(struct target *t, struct link *l, const struct error *why)
{
	struct link *other, *best;
	struct error worst;

	l->state = LINK_FAILED;
	other = links_find(&t->links, LINK_ASKED);
	if (other != NULL) {
		target_failed_beside(t, l, other, why);
		return;
	}
	if (target_tries_again(t, l, why)) {
		bool one_by_one = l->one_by_one;

		(void)event_del(t->timer);
		link_close(l, CLOSE_SERVER);
		target_send(t, l, one_by_one);
		return;
	}
	if (target_tries_one_by_one(t, l, why))
		return;
	best = target_best(t);
	connection_late(best->connection, &worst);
	target_finish(t, best, &worst);
}

/* What had been asked for an earlier collection has come to its end. */
static void
target_drained(struct target *t, struct link *l)
{
	struct link *asked = links_find(&t->links, LINK_ASKED);

	links_drained(&t->links, l);
	if (t->state == TARGET_STALLED) {
		target_start(t);
	} else if (t->state == TARGET_IDLE) {
		links_tidy(&t->links, l);
	} else if (t->state == TARGET_ASKING && l->state == LINK_RESTING &&
		   connection_is_silent(asked->connection)) {
		/* this one is known to answer again */
		target_send(t, l, asked->one_by_one);
		target_set_state(t, TARGET_HEDGING);
	}
}

static void
on_target_answer(struct connection *c, const struct error *why, void *arg)
{
	struct target *t = arg;
	struct link *l = links_of(&t->links, c);

	if (l->state == LINK_LATE)
		target_drained(t, l);
	else if (why != NULL)
		target_failed(t, l, why);
	else
		target_finish(t, l, NULL);
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

/* The deadline of a collection: nothing waits for the rest. */
static void
target_give_up(struct target *t, const struct link *best)
{
	bool up = connection_answered(best->connection) & 1U << SECTION_STATS;
	uint64_t now = clock_us();

	for (size_t i = 0; i < LINKS_MAX; i++) {
		if (t->links.list[i].state == LINK_ASKED)
			target_learn(t, &t->links.list[i], now);
	}
	target_leave(t, now);
	if (up)
		links_answered(&t->links);
	else
		links_unanswered(&t->links, now);
	links_tidy(&t->links, NULL);
	target_go_on(t);
}

static void
on_waiter_late(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *w = arg;
	struct target *t = w->target;
	struct link *best = target_best(t);
	bool asking = w->asking;
	struct error why;
	struct outcome outcome = {
		.reply = asking ? connection_reply(best->connection) : NULL,
		.why = &why,
		.at_us = clock_us()
	};
	bool blames;

	(void)fd;
	(void)what;
	connection_late(best->connection, &why);
	blames = waiter_blames_earlier(t, w, why.reason);
	if (blames)
		(void)error_because(
		    &why, t->status.reason, "%s", t->status.error);
	waiter_end(w, &outcome);
	if (asking && !blames)
		target_end_due(t, &outcome);
	outcome_release(&outcome);
	if (asking && TAILQ_EMPTY(&t->asking))
		target_give_up(t, best);
	else if (t->state == TARGET_STALLED && TAILQ_EMPTY(&t->waiting))
		target_go_on(t);
}

void
target_ask(struct target *t, struct waiter *w)
{
	struct timeval left = clock_until(w->deadline_us);
	uint64_t now = clock_us(), at = hedge_at(now, w->deadline_us);

	w->target = t;
	w->came_us = now;
	w->asking = false;
	w->late =
	    xnonnull(evtimer_new(t->env->connections.base, on_waiter_late, w));
	(void)event_add(w->late, &left);
	TAILQ_INSERT_TAIL(&t->waiting, w, entry);
	if (t->state == TARGET_IDLE || t->state == TARGET_STALLED) {
		target_start(t);
		return;
	}
	if (w->deadline_us < t->soonest)
		t->soonest = w->deadline_us;
	if (t->state == TARGET_ASKING && at < t->timer_at &&
	    event_pending(t->timer, EV_TIMEOUT, NULL))
		target_arm(t, at);
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
	(void)module_hold(peer->module);
	TAILQ_INIT(&t->asking);
	TAILQ_INIT(&t->waiting);
	t->timer =
	    xnonnull(evtimer_new(env->connections.base, on_target_timer, t));
	return t;
}

void
target_free(struct target *t, enum close_reason reason)
{
	(void)links_close(&t->links, reason);
	event_free(t->timer);
	tls_session_free(t->peer.session);
	status_release(&t->status);
	module_release(t->peer.module);
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
	return t->state == TARGET_IDLE &&
	       links_close(&t->links, CLOSE_DESCRIPTORS);
}

uint64_t
target_connected_since(const struct target *t)
{
	uint64_t since = 0;

	for (size_t i = 0; i < LINKS_MAX && since == 0; i++) {
		if (t->links.list[i].connection != NULL)
			since = connection_since(t->links.list[i].connection);
	}
	return since;
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
