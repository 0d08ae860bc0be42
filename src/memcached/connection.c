#include "memcached/connection.h"

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "memcached/access.h"
#include "memcached/dial.h"
#include "stats/binary.h"
#include "stats/reader.h"

/* "1234.567": digits of a uint64_t, a point and three more, and the NUL. */
#define SECONDS_TEXT_MAX 32

/* Answers are tens of kilobytes. */
#define READ_BYTES (64U << 10)

/* More than all commands and credentials together. */
#define COMMANDS_BYTES_MAX 16384

enum conn_state {
	CONN_NEW,
	CONN_DIALING,
	CONN_ASKING,
	CONN_RESTING,
	CONN_CLOSED
};

static const char *const close_names[] = {
	[CLOSE_SERVER] = "server",
	[CLOSE_UNASKED] = "unasked",
	[CLOSE_BAD_ANSWER] = "bad_answer",
	[CLOSE_TIMEOUT] = "timeout",
	[CLOSE_HEDGE] = "hedge",
	[CLOSE_IDLE] = "idle",
	[CLOSE_LIMIT] = "limit",
	[CLOSE_DESCRIPTORS] = "descriptors",
	[CLOSE_RELOAD] = "reload",
	[CLOSE_SHUTDOWN] = "shutdown",
};
_Static_assert(
    nitems(close_names) == CLOSE_REASONS, "a close reason without a name");

struct connection {
	struct connection_env *env;
	const struct peer *peer;
	connection_fn *done;
	void *arg;

	enum conn_state state;
	bool asked; /* owes the owner a call */
	bool reused;
	enum close_reason ended; /* when closed */
	struct error *why;       /* it failed */
	struct event *report;    /* makes that call, from the loop */

	unsigned sections;
	struct dial *dial;       /* while dialing */
	char *place;             /* where it is connected to, for errors */
	uint64_t connected_at;   /* 0: it never was */
	struct bufferevent *bev; /* when connected */
	struct event *readable;  /* a plain socket that is connected */
	struct reader *reader;
};

static void conn_lost(struct connection *c, short what, int err);

const char *
close_reason_name(enum close_reason reason)
{
	return close_names[reason];
}

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
	if (c->bev != NULL)
		(void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	if (c->readable != NULL)
		(void)event_del(c->readable);
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
conn_drop_socket(struct connection *c)
{
	if (c->bev == NULL)
		return;
	c->env->closed[c->ended]++;
	if (log_has(LEVEL_DEBUG))
		conn_log_close(c);
	if (c->readable != NULL)
		event_free(c->readable);
	bufferevent_free(c->bev);
	c->readable = NULL;
	c->bev = NULL;
}

static void
on_conn_report(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CONN_CLOSED)
		conn_drop_socket(c);
	if (!c->asked)
		return;
	c->asked = false;
	c->done(c, c->why, c->arg);
}

/* The socket's bytes are the protocol's, so that we may read and write it. */
static bool
conn_is_plain(const struct connection *c)
{
	return c->peer->access->tls == NULL;
}

/*
 * Writes to the socket at once, when nothing waits to be written before;
 * libevent would first ask the kernel whether it may. What the socket does not
 * take, if anything, goes the usual way. Wipes out, which may be a password.
 */
static void
conn_send(struct connection *c, struct buf *out)
{
	ssize_t n = 0;
	size_t sent;

	if (conn_is_plain(c))
		n = send(bufferevent_getfd(c->bev), out->p, out->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	sent = n > 0 ? (size_t)n : 0;
	(void)bufferevent_write(c->bev, out->p + sent, out->len - sent);
	explicit_bzero(out->p, out->len);
	buf_release(out);
}

static void
conn_send_commands(struct connection *c)
{
	const struct access *access = c->peer->access;
	struct buf out;

	buf_init(&out, COMMANDS_BYTES_MAX);
	if (access->binary && access->username != NULL && !c->reused)
		binary_authenticate(&out, access->username, access->password);
	if (access->binary)
		binary_ask(&out, c->sections);
	for (unsigned s = 0; s < SECTIONS && !access->binary; s++) {
		if (c->sections & (1U << s))
			buf_add_str(&out, section_command((enum section)s));
	}
	conn_set_state(c, CONN_ASKING);
	conn_send(c, &out);
}

/*
 * A connection of `memcached -Y` speaks after it has stored the credentials
 * under some key (protocol.txt, "Authentication"). They are sent only to a
 * server that has asked for them: another one would keep them as an item.
 */
static void
conn_send_credentials(struct connection *c)
{
	const struct access *access = c->peer->access;
	struct buf out;

	buf_init(&out, COMMANDS_BYTES_MAX);
	buf_printf(&out, "set auth 0 0 %zu\r\n%s %s\r\n",
	    strlen(access->username) + 1 + strlen(access->password),
	    access->username, access->password);
	conn_send(c, &out);
}

/* The answers are whole, or not to be had; returns false when neither. */
static bool
conn_take(struct connection *c, struct span data)
{
	struct error why;

	switch (reader_feed(c->reader, &data, &why)) {
	case READER_MORE:
		return false;
	case READER_AUTHENTICATE:
		conn_send_credentials(c);
		return conn_take(c, data);
	case READER_ASK:
		conn_send_commands(c);
		return conn_take(c, data);
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
	return true;
}

static void
conn_take_buffered(struct connection *c, struct evbuffer *in)
{
	bool ended = false;
	size_t len;

	while (!ended && (len = evbuffer_get_contiguous_space(in)) > 0) {
		ended = conn_take(
		    c, (struct span){
			   (const char *)evbuffer_pullup(in, (ev_ssize_t)len),
			   len });
		(void)evbuffer_drain(in, len);
	}
	if (c->state == CONN_RESTING && evbuffer_get_length(in) > 0)
		conn_end(c, CLOSE_UNASKED);
}

/* It was closed, or says what was not asked. */
static void
conn_resting_ended(struct connection *c, int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_PEEK);

	if (n >= 0 || (errno != EAGAIN && errno != EINTR))
		conn_end(c, n > 0 ? CLOSE_UNASKED : CLOSE_SERVER);
}

/*
 * Reads a plain socket: libevent's own way takes several system calls for
 * every four kilobytes.
 */
static void
on_conn_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	char data[READ_BYTES];
	ssize_t n;

	(void)what;
	if (c->state == CONN_RESTING) {
		conn_resting_ended(c, fd);
		return;
	}
	do {
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	} while (n > 0 && !conn_take(c, (struct span){ data, (size_t)n }) &&
		 (size_t)n == sizeof(data));
	if (n == 0)
		conn_lost(c, BEV_EVENT_EOF, 0);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		conn_lost(c, BEV_EVENT_ERROR, errno);
}

/* With TLS. */
static void
on_conn_read(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;

	if (c->state == CONN_RESTING)
		conn_end(c, CLOSE_UNASKED);
	if (c->state == CONN_ASKING)
		conn_take_buffered(c, bufferevent_get_input(bev));
}

/* The socket has come to its end. */
static void
conn_lost(struct connection *c, short what, int err)
{
	struct error cause, why;

	if (c->state == CONN_RESTING) {
		conn_end(c, CLOSE_SERVER);
		return;
	}
	if (c->state != CONN_ASKING)
		return;
	/* reads what a server said last, so only when nothing else will */
	dial_explain(c->bev, !conn_is_plain(c), what, err, &cause);
	(void)error_because(&why, cause.reason, "%s: %s", c->place, cause.text);
	reader_broken(c->reader, &why);
	conn_fail(c, CLOSE_SERVER, &why);
}

static void
on_conn_event(struct bufferevent *bev, short what, void *arg)
{
	int err = EVUTIL_SOCKET_ERROR();

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_lost(arg, what, err);
}

/* It is connected: the first commands can go. */
static void
conn_open(struct connection *c, struct bufferevent *bev, const char *place)
{
	c->bev = bev;
	c->place = xstrdup(place);
	c->connected_at = clock_us();
	c->env->opened++;
	bufferevent_setcb(bev, conn_is_plain(c) ? NULL : on_conn_read, NULL,
	    on_conn_event, c);
	if (conn_is_plain(c)) {
		c->readable =
		    xnonnull(event_new(c->env->base, bufferevent_getfd(bev),
			EV_READ | EV_PERSIST, on_conn_readable, c));
		(void)event_add(c->readable, NULL);
	}
	conn_send_commands(c);
}

static void
on_conn_dialed(struct bufferevent *bev, const char *place,
    const struct error *why, void *arg)
{
	struct connection *c = arg;

	c->dial = NULL;
	if (why != NULL)
		conn_fail(c, CLOSE_SERVER, why);
	else
		conn_open(c, bev, place);
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
	if (c->state != CONN_CLOSED)
		c->ended = reason;
	dial_cancel(c->dial);
	conn_drop_socket(c);
	reader_free(c->reader);
	event_free(c->report);
	free(c->place);
	free(c->why);
	free(c);
}

void
connection_ask(struct connection *c, unsigned sections, uint64_t deadline_us)
{
	const struct access *access = c->peer->access;

	c->asked = true;
	c->reused = c->state == CONN_RESTING;
	c->sections = sections;
	reader_free(c->reader);
	if (access->binary)
		c->reader = reader_new_binary(c->env->keys, sections);
	else
		c->reader = reader_new(
		    c->env->keys, sections, access->username != NULL);
	if (c->reused) {
		conn_send_commands(c);
		return;
	}
	conn_set_state(c, CONN_DIALING);
	c->dial = dial_new(c->env->base, c->env->resolver, c->peer, deadline_us,
	    on_conn_dialed, c);
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
connection_is_silent(const struct connection *c)
{
	return c->reader != NULL && reader_is_silent(c->reader);
}

bool
connection_was_reached(const struct connection *c)
{
	return c->connected_at != 0;
}

uint64_t
connection_since(const struct connection *c)
{
	bool is_open = c->state == CONN_ASKING || c->state == CONN_RESTING;

	return is_open ? c->connected_at : 0;
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
