#include "memcached/connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "memcached/dial.h"
#include "memcached/peer.h"
#include "memcached/stream.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/reply.h"

/* "1234.567": digits of a uint64_t, a point and three more, and the NUL. */
#define SECONDS_TEXT_MAX 32

/*
 * memcached sends each value by itself. To wake up for each would cost more
 * than all else that is done for it, so answers with values are waited for
 * together, but for this part of the values, which may have become shorter.
 */
#define GATHER_LESS 8

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
	bool reused;
	bool draining;
	enum close_reason ended; /* when closed */
	struct error *why;       /* it failed */
	struct event *report;    /* makes that call, from the loop */

	struct ask ask;
	unsigned refused;              /* steps, since it was opened */
	unsigned sent;                 /* steps of the last write */
	uint64_t sent_at;              /* when, of a probe's operation */
	const struct plan *usual_plan; /* when last asked, to compare */
	size_t usual;   /* bytes that its answers had, or somewhat less */
	unsigned begun; /* steps that were missing when it was opened */
	uint64_t heard; /* when something came, or the ask began */
	struct reader *reader;

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

static void
conn_send_commands(struct connection *c)
{
	unsigned missing = reader_missing(c->reader);
	struct buf out;

	c->sent = ask_next(&c->ask, missing);
	buf_init(&out, ASK_BYTES_MAX);
	ask_commands(&out, &c->ask, c->peer->access, c->sent,
	    reader_get(c->reader), !c->reused && missing == c->begun);
	reader_sent(c->reader, c->sent, c->ask.one_by_one);
	if (c->sent & STEPS_PROBE)
		c->sent_at = clock_us();
	if (c->sent & STEPS_GETS && !c->ask.one_by_one &&
	    c->usual_plan == c->ask.plan)
		stream_expect(c->stream, c->usual);
	stream_send(c->stream, &out);
}

/* An operation of a probe was answered: how long did it take? */
static void
conn_time_probe(struct connection *c)
{
	const struct plan *plan = c->ask.plan;

	if ((c->sent & STEPS_PROBE) == 0 || reader_owes(c->reader))
		return;
	for (size_t i = 0; i < plan->len; i++) {
		if (plan->steps[i].bit == c->sent)
			reply_probe_took(reader_reply(c->reader),
			    plan->steps[i].probe, c->heard - c->sent_at);
	}
}

/* Notes how long the answers are for which the next ask is to wait. */
static void
conn_note_length(struct connection *c)
{
	if ((c->sent & STEPS_GETS) == 0 || c->ask.one_by_one)
		return;
	stream_expect(c->stream, 1);
	if (reader_owes(c->reader))
		return;
	c->usual_plan = c->ask.plan;
	c->usual =
	    reader_bytes(c->reader) - reader_values(c->reader) / GATHER_LESS;
}

static void
conn_send_credentials(struct connection *c)
{
	struct buf out;

	buf_init(&out, ASK_BYTES_MAX);
	ask_credentials(&out, c->peer->access);
	stream_send(c->stream, &out);
}

/* Something is missing still: perhaps what was not sent yet. */
static void
conn_go_on(struct connection *c)
{
	if (reader_owes(c->reader))
		return;
	if (c->draining)
		conn_rest(c);
	else
		conn_send_commands(c);
}

static void
conn_take(struct connection *c, struct span data)
{
	enum reader_state state;
	struct error why;

	state = reader_feed(c->reader, &data, &why);
	if (state == READER_MORE || state == READER_DONE)
		conn_time_probe(c);
	conn_note_length(c);
	switch (state) {
	case READER_MORE:
		conn_go_on(c);
		break;
	case READER_AUTHENTICATE:
		conn_send_credentials(c);
		conn_take(c, data);
		break;
	case READER_ASK:
		conn_send_commands(c);
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
	c->heard = clock_us();
	conn_take(c, data);
	c->refused |= reader_refused(c->reader);
}

/* It closes the connection after an answer: the next needs another one. */
static bool
conn_may_redial(const struct connection *c)
{
	return c->ask.one_by_one && !c->draining &&
	       c->peer->access->username == NULL &&
	       reader_missing(c->reader) != c->begun;
}

static void
conn_redial(struct connection *c)
{
	conn_set_state(c, CONN_DIALING);
	c->ended = CLOSE_SERVER;
	reader_reopen(c->reader);
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
	reader_broken(c->reader, &why);
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
	c->begun = reader_missing(c->reader);
	if (c->draining) {
		conn_rest(c);
		return;
	}
	conn_set_state(c, CONN_ASKING);
	conn_send_commands(c);
}

static void
conn_dial(struct connection *c)
{
	conn_set_state(c, CONN_DIALING);
	c->dial = dial_new(c->env->base, c->env->resolver, c->peer,
	    c->ask.deadline_us, on_conn_dialed, c);
}

struct connection *
connection_new(struct connection_env *env, const struct peer *peer,
    connection_fn *done, void *arg)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->peer = peer;
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
	reader_free(c->reader);
	plan_release(c->ask.plan);
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
	c->reused = c->state == CONN_RESTING;
	c->heard = clock_us();
	reader_free(c->reader);
	plan_release(c->ask.plan);
	c->ask = *ask;
	c->ask.plan = plan_hold(ask->plan);
	c->ask.refused |= c->refused;
	c->reader = ask_reader(&c->ask, c->peer->access, c->env->keys);
	if (!c->reused) {
		conn_dial(c);
		return;
	}
	conn_set_state(c, CONN_ASKING);
	c->begun = reader_missing(c->reader);
	conn_send_commands(c);
}

bool
connection_drain(struct connection *c)
{
	if (c->state == CONN_DIALING
		? c->dial == NULL || !dial_was_reached(c->dial)
		: c->state != CONN_ASKING)
		return false;
	c->draining = true;
	reader_forget(c->reader);
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
	return c->reused;
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
	return c->reader == NULL || reader_is_silent(c->reader);
}

uint64_t
connection_heard(const struct connection *c)
{
	return c->heard;
}

unsigned
connection_answered(const struct connection *c)
{
	if (c->reader == NULL)
		return 0;
	return c->ask.plan->asked & ~c->ask.refused &
	       ~reader_missing(c->reader);
}

unsigned
connection_stuck(const struct connection *c)
{
	bool hung_up = c->state == CONN_CLOSED && c->ended == CLOSE_SERVER;

	if (!c->ask.one_by_one || (c->state != CONN_ASKING && !hung_up))
		return 0;
	return c->sent & STEPS_STATS;
}

unsigned
connection_refused(const struct connection *c)
{
	return c->refused;
}

struct reply *
connection_reply(const struct connection *c)
{
	return c->reader != NULL ? reader_reply(c->reader) : NULL;
}

void
connection_rest(struct connection *c)
{
	reader_free(c->reader);
	c->reader = NULL;
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
	if (c->reader != NULL)
		reader_broken(c->reader, why);
}
