#include "memcached/collection.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "memcached/habits.h"
#include "memcached/hedge.h"
#include "memcached/links.h"
#include "memcached/peer.h"
#include "stats/plan.h"

enum collection_state {
	COLLECTION_IDLE,
	COLLECTION_ASKING,  /* over one connection */
	COLLECTION_HEDGING, /* over two */
	COLLECTION_STALLED  /* none has begun, since all connections are late */
};

struct collection {
	struct collection_env *env;
	const struct peer *peer;
	struct collection_calls calls;

	enum collection_state state;
	const struct plan *plan;
	uint64_t soonest;    /* of the deadlines of those that wait */
	uint64_t deadline;   /* the last one */
	struct event *timer; /* to hedge; or the end of a stall's backoff */
	uint64_t timer_at;   /* until when that is pending */
	struct links links;
	struct habits habits;
	bool tried_alone; /* one command after a close, and in vain so far */
};

static connection_fn on_collection_answer;

static void
collection_set_state(struct collection *c, enum collection_state state)
{
	c->state = state;
}

static void
collection_arm(struct collection *c, uint64_t at)
{
	struct timeval left = clock_until(at);

	c->timer_at = at;
	(void)event_add(c->timer, &left);
}

static void
collection_send(struct collection *c, struct link *l, bool one_by_one)
{
	struct ask ask = { .plan = c->plan,
		.refused = one_by_one ? c->habits.refused : 0,
		.one_by_one = one_by_one,
		.deadline_us = c->deadline };

	if (l->connection == NULL)
		l->connection = connection_new(
		    &c->env->connections, c->peer, on_collection_answer, c);
	l->state = LINK_ASKED;
	l->one_by_one = one_by_one;
	l->asked = ask.plan->asked &
		   ~(ask.refused | connection_refused(l->connection));
	connection_ask(l->connection, &ask);
}

/* Several commands went to it in one write. */
static bool
collection_is_pipelined(const struct collection *c, const struct link *l)
{
	return c->peer->access->protocol != PROTOCOL_BINARY && !l->one_by_one &&
	       (l->asked & (l->asked - 1)) != 0;
}

/*
 * Several commands, the first that a server got, have brought nothing by the
 * deadline: the next connection tries one.
 */
static bool
collection_was_ignored(struct collection *c)
{
	const struct link *l = links_find(&c->links, LINK_LATE);

	return l != NULL && collection_is_pipelined(c, l) &&
	       !connection_was_reused(l->connection) &&
	       connection_was_reached(l->connection) &&
	       connection_is_silent(l->connection);
}

bool
collection_start(struct collection *c, const struct plan *plan,
    uint64_t soonest_us, uint64_t deadline_us)
{
	uint64_t now = clock_us();
	struct link *l = links_pick(&c->links, now);

	if (l == NULL) {
		collection_set_state(c, COLLECTION_STALLED);
		collection_arm(c, c->links.retry_us);
		return false;
	}
	collection_set_state(c, COLLECTION_ASKING);
	c->plan = plan;
	c->soonest = soonest_us;
	c->deadline = deadline_us;
	collection_send(c, l,
	    habits_one_by_one(&c->habits, now) || collection_was_ignored(c));
	if (connection_was_reused(l->connection) ||
	    collection_is_pipelined(c, l))
		collection_arm(c, hedge_at(now, soonest_us));
	else
		(void)event_del(c->timer);
	return true;
}

void
collection_hurry(struct collection *c, uint64_t deadline_us)
{
	uint64_t at = hedge_at(clock_us(), deadline_us);

	if (deadline_us < c->soonest)
		c->soonest = deadline_us;
	if (c->state == COLLECTION_ASKING && at < c->timer_at &&
	    event_pending(c->timer, EV_TIMEOUT, NULL))
		collection_arm(c, at);
}

/* What a collection says of how to ask the server. */
static void
collection_learn(struct collection *c, const struct link *l, uint64_t now)
{
	const struct connection *con = l->connection;

	if (!l->one_by_one || connection_answered(con) == 0)
		return;
	habits_learn(
	    &c->habits, connection_refused(con), connection_stuck(con), now);
	habits_note(&c->habits, connection_reply(con));
}

/* The links that the end of a collection leaves asked are late. */
static void
collection_leave(struct collection *c)
{
	struct link *l;

	(void)event_del(c->timer);
	while ((l = links_find(&c->links, LINK_ASKED)) != NULL)
		link_late(l, clock_us());
	collection_set_state(c, COLLECTION_IDLE);
}

/* The end of a collection, with what l brought. */
static void
collection_finish(struct collection *c, struct link *l, const struct error *why)
{
	struct connection *con = l->connection;

	for (size_t i = 0; i < LINKS_MAX; i++) {
		const struct link *any = &c->links.list[i];

		if (any == l || any->state == LINK_FAILED)
			collection_learn(c, any, clock_us());
	}
	c->calls.done(connection_reply(con), why, c->calls.arg);
	connection_rest(con);
	if (why == NULL) {
		links_answered(&c->links);
		c->tried_alone = false;
	}
	if (connection_is_usable(con))
		l->state = LINK_RESTING;
	else
		link_close(l, CLOSE_BAD_ANSWER);
	collection_leave(c);
	links_tidy(&c->links, l);
	c->calls.ready(c->calls.arg);
}

static bool
collection_hedge(struct collection *c, bool one_by_one, uint64_t now)
{
	struct link *l = links_pick(&c->links, now);

	if (l == NULL)
		return false;
	collection_send(c, l, one_by_one);
	return true;
}

static void
collection_consider_hedge(struct collection *c, uint64_t now)
{
	struct link *l = links_find(&c->links, LINK_ASKED);
	const struct connection *con = l->connection;
	uint64_t at = hedge_at(connection_heard(con), c->soonest);
	bool silent = connection_is_silent(con);
	bool stuck = collection_is_pipelined(c, l) && link_is_stuck(l);

	if (now >= at && (silent ? connection_was_reused(con) : stuck)) {
		if (collection_hedge(c, !silent || l->one_by_one, now))
			collection_set_state(c, COLLECTION_HEDGING);
		else if (c->links.retry_us > now &&
			 c->links.retry_us < c->soonest)
			collection_arm(c, c->links.retry_us);
	} else if (c->soonest > now + HEDGE_US_MIN) {
		collection_arm(c, now >= at ? hedge_at(now, c->soonest) : at);
	}
}

static void
on_collection_timer(evutil_socket_t fd, short what, void *arg)
{
	struct collection *c = arg;

	(void)fd;
	(void)what;
	switch (c->state) {
	case COLLECTION_ASKING:
		collection_consider_hedge(c, clock_us());
		break;
	case COLLECTION_STALLED:
		c->calls.ready(c->calls.arg);
		break;
	case COLLECTION_IDLE:
	case COLLECTION_HEDGING:
		break;
	}
}

/* The failure says nothing about the server's health. */
static bool
collection_tries_again(
    const struct collection *c, const struct link *l, const struct error *why)
{
	/* restarted, or kicked for idling */
	if (connection_was_reused(l->connection) &&
	    connection_is_silent(l->connection))
		return true;
	return why->reason == REASON_BUSY && c->env->spare(c->env->arg);
}

static void
collection_send_again(struct collection *c, struct link *l)
{
	bool one_by_one = l->one_by_one;

	(void)event_del(c->timer);
	link_close(l, CLOSE_SERVER);
	collection_send(c, l, one_by_one);
}

/* It may be that it only cannot take several commands in one write. */
static bool
collection_tries_one_by_one(
    struct collection *c, const struct link *l, const struct error *why)
{
	const struct connection *con = l->connection;
	bool at_once = connection_is_silent(con) && !c->tried_alone;
	bool cut = why->reason == REASON_CLOSED &&
		   (connection_answered(con) != 0 || at_once);
	bool refused = why->reason == REASON_PROTOCOL &&
		       connection_refused(con) & 1U << COLLECTOR_STATS;

	if (!collection_is_pipelined(c, l) || !(cut || refused) ||
	    !collection_hedge(c, true, clock_us()))
		return false;
	c->tried_alone |= cut && at_once;
	return true;
}

/*
 * One of two has failed. The other may still answer, unless the hedge found
 * that the server listens no more: then the silent one is a ghost.
 */
static void
collection_failed_beside(struct collection *c, struct link *l,
    struct link *other, const struct error *why)
{
	if (why->reason == REASON_REFUSED &&
	    !connection_was_reached(l->connection) &&
	    connection_is_silent(other->connection)) {
		link_close(other, CLOSE_TIMEOUT);
		collection_finish(c, l, why);
		return;
	}
	if (connection_answered(l->connection) == 0)
		link_close(l, CLOSE_SERVER);
	collection_set_state(c, COLLECTION_ASKING);
}

/* It is part of what is under way; or of the stall. */
static bool
collection_counts(const struct collection *c, const struct link *l)
{
	if (c->state == COLLECTION_STALLED)
		return l->state == LINK_LATE;
	return l->state == LINK_ASKED || l->state == LINK_FAILED;
}

/* Not of a collection that is idle: then there is none. */
static struct link *
collection_best(struct collection *c)
{
	struct link *best = &c->links.list[0];

	for (size_t i = 1; i < LINKS_MAX; i++) {
		struct link *l = &c->links.list[i];

		if (collection_counts(c, l) &&
		    (!collection_counts(c, best) || link_beats(l, best)))
			best = l;
	}
	return best;
}

static void
collection_failed(struct collection *c, struct link *l, const struct error *why)
{
	struct link *other, *best;
	struct error worst;

	l->state = LINK_FAILED;
	other = links_find(&c->links, LINK_ASKED);
	if (other != NULL) {
		collection_failed_beside(c, l, other, why);
	} else if (collection_tries_again(c, l, why)) {
		collection_send_again(c, l);
	} else if (!collection_tries_one_by_one(c, l, why)) {
		best = collection_best(c);
		connection_late(best->connection, &worst);
		collection_finish(c, best, &worst);
	}
}

/* What had been asked for an earlier collection has come to its end. */
static void
collection_drained(struct collection *c, struct link *l)
{
	struct link *asked = links_find(&c->links, LINK_ASKED);

	links_drained(&c->links, l);
	switch (c->state) {
	case COLLECTION_STALLED:
		c->calls.ready(c->calls.arg);
		break;
	case COLLECTION_IDLE:
		links_tidy(&c->links, l);
		break;
	case COLLECTION_ASKING:
		/* this one is known to answer again */
		if (l->state == LINK_RESTING &&
		    connection_is_silent(asked->connection)) {
			collection_send(c, l, asked->one_by_one);
			collection_set_state(c, COLLECTION_HEDGING);
		}
		break;
	case COLLECTION_HEDGING:
		break;
	}
}

static void
on_collection_answer(struct connection *con, const struct error *why, void *arg)
{
	struct collection *c = arg;
	struct link *l = links_of(&c->links, con);

	if (l->state == LINK_LATE)
		collection_drained(c, l);
	else if (why != NULL)
		collection_failed(c, l, why);
	else
		collection_finish(c, l, NULL);
}

struct collection *
collection_new(struct collection_env *env, const struct peer *peer,
    const struct collection_calls *calls)
{
	struct collection *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->peer = peer;
	c->calls = *calls;
	c->timer = xnonnull(
	    evtimer_new(env->connections.base, on_collection_timer, c));
	return c;
}

void
collection_free(struct collection *c, enum close_reason reason)
{
	(void)links_close(&c->links, reason);
	event_free(c->timer);
	free(c);
}

struct reply *
collection_late(struct collection *c, struct error *why)
{
	struct link *best = collection_best(c);

	connection_late(best->connection, why);
	return c->state == COLLECTION_STALLED
		   ? NULL
		   : connection_reply(best->connection);
}

void
collection_give_up(struct collection *c)
{
	bool up = false;

	for (size_t i = 0; i < LINKS_MAX; i++) {
		const struct link *l = &c->links.list[i];

		if (l->state != LINK_ASKED && l->state != LINK_FAILED)
			continue;
		collection_learn(c, l, clock_us());
		up |=
		    connection_answered(l->connection) & 1U << COLLECTOR_STATS;
	}
	if (up)
		links_answered(&c->links);
	else if (c->state != COLLECTION_STALLED)
		links_unanswered(&c->links, clock_us());
	collection_leave(c);
	links_tidy(&c->links, NULL);
}

bool
collection_close(struct collection *c, enum close_reason reason)
{
	return links_close(&c->links, reason);
}

uint64_t
collection_connected_since(const struct collection *c)
{
	return links_since(&c->links);
}
