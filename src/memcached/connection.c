#include "memcached/connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "memcached/dial.h"
#include "memcached/exchange.h"
#include "memcached/peer.h"
#include "memcached/stream.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/reply.h"

/* "1234.567": digits of a uint64_t, a point and three more, and the NUL. */
#define SECONDS_TEXT_MAX 32

enum conn_state {
	CONN_NEW,
	CONN_DIALING,
	CONN_ASKING,
	CONN_RESTING,
	CONN_CLOSED
};

struct connection {
	struct connection_env *env;
	const struct peer *peer;
	connection_fn *done;
	void *arg;

	enum conn_state state;
	bool asked; /* owes the owner a call */
	bool draining;
	enum close_reason ended; /* when closed */
	struct error *why;       /* it failed */
	struct event *report;    /* makes that call, from the loop */

	unsigned refused; /* steps, since it was opened */
	struct exchange exchange;

	struct dial *dial;     /* while dialing */
	char *place;           /* where it is connected to, for errors */
	uint64_t connected_at; /* 0: it never was */
	struct stream *stream; /* when connected */
};

static void conn_dial(struct connection *c);

static void
conn_set_state(struct connection *c, enum conn_state state)
{
	c->state = state;
}

/* The end of an ask; the owner hears of it when the loop comes round. */
static void
conn_rest(struct connection *c)
{
	conn_set_state(c, CONN_RESTING);
	event_active(c->report, EV_TIMEOUT, 0);
}

/* The other end of an ask, and of the connection. */
static void
conn_end(struct connection *c, enum close_reason reason)
{
	conn_set_state(c, CONN_CLOSED);
	c->ended = reason;
	if (c->stream != NULL)
		stream_stop(c->stream);
	event_active(c->report, EV_TIMEOUT, 0);
}

static void
conn_fail(
    struct connection *c, enum close_reason reason, const struct error *why)
{
	c->why = xmalloc(sizeof(*c->why));
	*c->why = *why;
	conn_end(c, reason);
}

static void
conn_log_close(const struct connection *c)
{
	uint64_t age = clock_us() - c->connected_at;
	char text[SECONDS_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64,
	    age / 1000000, age / 1000 % 1000);
	log_debug("Connection closed", "target", c->place, "reason",
	    close_reason_name(c->ended), "age_seconds", text);
}

/* The only place where a socket is closed. */
static void
conn_drop_stream(struct connection *c)
{
	if (c->stream == NULL)
		return;
	c->env->closed[c->ended]++;
	if (log_has(LEVEL_DEBUG))
		conn_log_close(c);
	stream_free(c->stream);
	c->stream = NULL;
}

static void
conn_tell(struct connection *c)
{
	c->asked = false;
	c->done(c, c->why, c->arg);
}

static void
on_conn_report(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CONN_CLOSED || c->state == CONN_DIALING)
		conn_drop_stream(c);
	if (c->state == CONN_DIALING)
		conn_dial(c); /* anew */
	else if (c->asked)
		conn_tell(c);
}

/* Something is missing still: perhaps what was not sent yet. */
static void
conn_go_on(struct connection *c)
{
	if (reader_owes(c->exchange.reader))
		return;
	if (c->draining)
		conn_rest(c);
	else
		exchange_send(&c->exchange, c->stream);
}

static void
conn_take(struct connection *c, struct span data)
{
	enum reader_state state;
	struct error why;

	state = reader_feed(c->exchange.reader, &data, &why);
	exchange_note(&c->exchange, c->stream, state);
	switch (state) {
	case READER_MORE:
		conn_go_on(c);
		break;
	case READER_AUTHENTICATE:
		exchange_authenticate(&c->exchange, c->stream);
		conn_take(c, data);
		break;
	case READER_ASK:
		exchange_send(&c->exchange, c->stream);
		conn_take(c, data);
		break;
	case READER_DONE:
		/* what it said besides is no answer to what is asked next */
		if (data.len == 0)
			conn_rest(c);
		else
			conn_end(c, CLOSE_UNASKED);
		break;
	case READER_FAILED:
		conn_fail(c, CLOSE_BAD_ANSWER, &why);
		break;
	}
}

static void
on_conn_data(struct span data, void *arg)
{
	struct connection *c = arg;

	if (c->state != CONN_ASKING) {
		conn_end(c, CLOSE_UNASKED);
		return;
	}
	c->exchange.heard = clock_us();
	conn_take(c, data);
	c->refused |= reader_refused(c->exchange.reader);
}

/* It closes the connection after an answer: the next needs another one. */
static bool
conn_may_redial(const struct connection *c)
{
	return c->exchange.ask.one_by_one && !c->draining &&
	       c->peer->access->username == NULL &&
	       reader_missing(c->exchange.reader) != c->exchange.begun;
}

static void
conn_redial(struct connection *c)
{
	conn_set_state(c, CONN_DIALING);
	c->ended = CLOSE_SERVER;
	reader_reopen(c->exchange.reader);
	event_active(c->report, EV_TIMEOUT, 0);
}

static void
on_conn_end(const struct error *what, void *arg)
{
	struct connection *c = arg;
	struct error why;

	if (c->state != CONN_ASKING) {
		conn_end(c, CLOSE_SERVER);
		return;
	}
	if (conn_may_redial(c)) {
		conn_redial(c);
		return;
	}
	(void)error_because(&why, what->reason, "%s: %s", c->place, what->text);
	reader_broken(c->exchange.reader, &why);
	conn_fail(c, CLOSE_SERVER, &why);
}

static void
on_conn_dialed(int fd, struct bufferevent *tls, const char *place,
    const struct error *why, void *arg)
{
	struct connection *c = arg;

	c->dial = NULL;
	if (why != NULL) {
		conn_fail(c, CLOSE_SERVER, why);
		return;
	}
	free(c->place);
	c->place = xstrdup(place);
	c->connected_at = clock_us();
	c->env->opened++;
	c->stream =
	    stream_new(c->env->base, fd, tls, on_conn_data, on_conn_end, c);
	exchange_connected(&c->exchange);
	if (c->draining) {
		conn_rest(c);
		return;
	}
	conn_set_state(c, CONN_ASKING);
	exchange_send(&c->exchange, c->stream);
}

static void
conn_dial(struct connection *c)
{
	conn_set_state(c, CONN_DIALING);
	c->dial = dial_new(c->env->base, c->env->resolver, c->peer,
	    c->exchange.ask.deadline_us, on_conn_dialed, c);
}

struct connection *
connection_new(struct connection_env *env, const struct peer *peer,
    connection_fn *done, void *arg)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->peer = peer;
	c->exchange.access = peer->access;
	c->done = done;
	c->arg = arg;
	c->report = xnonnull(event_new(env->base, -1, 0, on_conn_report, c));
	return c;
}

void
connection_close(struct connection *c, enum close_reason reason)
{
	if (c == NULL)
		return;
	/* else it has a reason already, or was not opened */
	if (c->state == CONN_ASKING || c->state == CONN_RESTING)
		c->ended = reason;
	dial_cancel(c->dial);
	conn_drop_stream(c);
	exchange_release(&c->exchange);
	event_free(c->report);
	free(c->place);
	free(c->why);
	free(c);
}

void
connection_ask(struct connection *c, const struct ask *ask)
{
	c->asked = true;
	c->draining = false;
	c->exchange.is_reused = c->state == CONN_RESTING;
	exchange_begin(&c->exchange, ask, c->refused, c->env->keys);
	if (!c->exchange.is_reused) {
		conn_dial(c);
		return;
	}
	conn_set_state(c, CONN_ASKING);
	exchange_connected(&c->exchange);
	exchange_send(&c->exchange, c->stream);
}

bool
connection_drain(struct connection *c)
{
	if (c->state == CONN_DIALING
		? c->dial == NULL || !dial_was_reached(c->dial)
		: c->state != CONN_ASKING)
		return false;
	c->draining = true;
	reader_forget(c->exchange.reader);
	return true;
}

bool
connection_is_usable(const struct connection *c)
{
	return c->state == CONN_NEW || c->state == CONN_RESTING;
}

bool
connection_was_reused(const struct connection *c)
{
	return c->exchange.is_reused;
}

bool
connection_was_reached(const struct connection *c)
{
	return c->connected_at != 0;
}

bool
connection_is_cut_off(const struct connection *c)
{
	return c->stream != NULL && stream_is_cut_off(c->stream);
}

uint64_t
connection_since(const struct connection *c)
{
	bool is_open = c->state == CONN_ASKING || c->state == CONN_RESTING;

	return is_open ? c->connected_at : 0;
}

bool
connection_is_silent(const struct connection *c)
{
	return c->exchange.reader == NULL ||
	       reader_is_silent(c->exchange.reader);
}

uint64_t
connection_heard(const struct connection *c)
{
	return c->exchange.heard;
}

unsigned
connection_answered(const struct connection *c)
{
	return exchange_answered(&c->exchange);
}

unsigned
connection_stuck(const struct connection *c)
{
	bool hung_up = c->state == CONN_CLOSED && c->ended == CLOSE_SERVER;

	if (!c->exchange.ask.one_by_one ||
	    (c->state != CONN_ASKING && !hung_up))
		return 0;
	return c->exchange.sent & STEPS_STATS;
}

unsigned
connection_refused(const struct connection *c)
{
	return c->refused;
}

struct reply *
connection_reply(const struct connection *c)
{
	return c->exchange.reader != NULL ? reader_reply(c->exchange.reader)
					  : NULL;
}

void
connection_rest(struct connection *c)
{
	exchange_end(&c->exchange);
}

void
connection_late(const struct connection *c, struct error *why)
{
	if (c->dial != NULL) {
		dial_late(c->dial, why);
		return;
	}
	if (c->why != NULL) {
		*why = *c->why;
		return;
	}
	(void)error_because(why, REASON_TIMEOUT,
	    "%s: stats was not answered in time", c->place);
	if (c->exchange.reader != NULL)
		reader_broken(c->exchange.reader, why);
}
