#include "memcached/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config/allow.h"
#include "memcached/access.h"
#include "memcached/resolve.h"
#include "memcached/tls.h"
#include "stats/binary.h"
#include "stats/reader.h"

/* Answers are tens of kilobytes. */
#define READ_BYTES (64U << 10)

/* "name (address)" */
#define PLACE_TEXT_MAX (2 * ADDRESS_TEXT_MAX + 8)

/* More than all commands and credentials together. */
#define COMMANDS_BYTES_MAX 16384

enum state {
	STATE_NEW,
	STATE_RESOLVING,
	STATE_CONNECTING,
	STATE_SHAKING_HANDS, /* in TLS */
	STATE_ASKING,
	STATE_RESTING,
	STATE_CLOSED
};

struct connection {
	struct connection_env *env;
	const struct peer *peer;
	connection_fn *done;
	void *arg;

	enum state state;
	bool asked; /* owes the owner a call */
	bool reused;
	bool failed;  /* why says it */
	bool reached; /* somebody has accepted it */
	bool met;     /* somebody was there, but no handshake: why says it */
	uint64_t connected_at;
	struct error why;
	struct event *report; /* makes that call, from the loop */

	unsigned sections;
	uint64_t deadline;
	struct lookup *lookup;
	struct endpoints endpoints;
	size_t endpoint;       /* being tried, or connected */
	struct event *attempt; /* ends a try that takes too long */
	struct bufferevent *bev;
	struct event *readable; /* a plain socket that is connected */
	struct reader *reader;
};

static void on_event(struct bufferevent *bev, short what, void *arg);
static void on_end(struct connection *c, short what, int err);
static void try_endpoint(struct connection *c);

static void
set_state(struct connection *c, enum state state)
{
	c->state = state;
}

/* The only end of an ask; the owner hears of it when the loop comes round. */
static void
finish(struct connection *c, enum state state)
{
	set_state(c, state);
	(void)event_del(c->attempt);
	if (c->bev != NULL && state == STATE_CLOSED)
		(void)bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	if (c->readable != NULL && state == STATE_CLOSED)
		(void)event_del(c->readable);
	event_active(c->report, EV_TIMEOUT, 0);
}

static void
fail(struct connection *c, const struct error *why)
{
	c->failed = true;
	c->why = *why;
	finish(c, STATE_CLOSED);
}

static void
drop_socket(struct connection *c)
{
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	c->readable = NULL;
	c->bev = NULL;
}

static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)fd;
	(void)what;
	if (c->state == STATE_CLOSED)
		drop_socket(c);
	if (!c->asked)
		return;
	c->asked = false;
	c->done(c, c->failed ? &c->why : NULL, c->arg);
}

/* Appends where it happened: the name, and the address if that differs. */
static void
where(const struct connection *c, char text[PLACE_TEXT_MAX])
{
	char name[ADDRESS_TEXT_MAX], number[ADDRESS_TEXT_MAX] = "";

	address_text(&c->peer->address, name);
	if (c->endpoint < c->endpoints.len)
		endpoint_text(&c->endpoints.list[c->endpoint], number);
	if (number[0] == '\0' || strcmp(name, number) == 0)
		(void)snprintf(text, PLACE_TEXT_MAX, "%s", name);
	else
		(void)snprintf(text, PLACE_TEXT_MAX, "%s (%s)", name, number);
}

/* The socket's bytes are the protocol's, so that we may read and write it. */
static bool
is_plain(const struct connection *c)
{
	return c->peer->access->tls == NULL;
}

/*
 * Writes to the socket at once, when nothing waits to be written before;
 * libevent would first ask the kernel whether it may. What the socket does not
 * take, if anything, goes the usual way. Wipes out, which may be a password.
 */
static void
send_now(struct connection *c, struct buf *out)
{
	ssize_t n = 0;
	size_t sent;

	if (is_plain(c))
		n = send(bufferevent_getfd(c->bev), out->p, out->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	sent = n > 0 ? (size_t)n : 0;
	(void)bufferevent_write(c->bev, out->p + sent, out->len - sent);
	explicit_bzero(out->p, out->len);
	buf_release(out);
}

static void
send_commands(struct connection *c)
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
	set_state(c, STATE_ASKING);
	send_now(c, &out);
}

/*
 * A connection of `memcached -Y` speaks after it has stored the credentials
 * under some key (protocol.txt, "Authentication"). They are sent only to a
 * server that has asked for them: another one would keep them as an item.
 */
static void
send_credentials(struct connection *c)
{
	const struct access *access = c->peer->access;
	struct buf out;

	buf_init(&out, COMMANDS_BYTES_MAX);
	buf_printf(&out, "set auth 0 0 %zu\r\n%s %s\r\n",
	    strlen(access->username) + 1 + strlen(access->password),
	    access->username, access->password);
	send_now(c, &out);
}

/* The answers are whole, or not to be had; returns false when neither. */
static bool
take(struct connection *c, struct span data)
{
	struct error why;

	switch (reader_feed(c->reader, &data, &why)) {
	case READER_MORE:
		return false;
	case READER_AUTHENTICATE:
		send_credentials(c);
		return take(c, data);
	case READER_ASK:
		send_commands(c);
		return take(c, data);
	case READER_DONE:
		/* said without being asked: out of step, not to be reused */
		finish(c, data.len == 0 ? STATE_RESTING : STATE_CLOSED);
		break;
	case READER_FAILED:
		fail(c, &why);
		break;
	}
	return true;
}

static void
take_buffered(struct connection *c, struct evbuffer *in)
{
	bool ended = false;
	size_t len;

	while (!ended && (len = evbuffer_get_contiguous_space(in)) > 0) {
		ended = take(c, (struct span){ (const char *)evbuffer_pullup(
						   in, (ev_ssize_t)len),
				    len });
		(void)evbuffer_drain(in, len);
	}
	if (ended && evbuffer_get_length(in) > 0)
		finish(c, STATE_CLOSED);
}

/*
 * Reads a plain socket: libevent's own way takes several system calls for
 * every four kilobytes.
 */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	char data[READ_BYTES];
	ssize_t n;

	(void)what;
	if (c->state == STATE_RESTING) {
		finish(c, STATE_CLOSED); /* it says what nobody has asked */
		return;
	}
	do {
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	} while (n > 0 && !take(c, (struct span){ data, (size_t)n }) &&
		 (size_t)n == sizeof(data));
	if (n == 0)
		on_end(c, BEV_EVENT_EOF, 0);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		on_end(c, BEV_EVENT_ERROR, errno);
}

/* With TLS. */
static void
on_read(struct bufferevent *bev, void *arg)
{
	struct connection *c = arg;

	if (c->state == STATE_RESTING)
		finish(c, STATE_CLOSED); /* said without being asked */
	if (c->state == STATE_ASKING)
		take_buffered(c, bufferevent_get_input(bev));
}

static void
on_ready(struct connection *c)
{
	(void)event_del(c->attempt);
	c->reached = true;
	c->connected_at = clock_us();
	c->env->opened++;
	if (is_plain(c)) {
		c->readable =
		    xnonnull(event_new(c->env->base, bufferevent_getfd(c->bev),
			EV_READ | EV_PERSIST, on_readable, c));
		(void)event_add(c->readable, NULL);
	}
	send_commands(c);
}

/* The network is there: from here on a bufferevent with TLS has the socket. */
static void
shake_hands(struct connection *c)
{
	const struct peer *peer = c->peer;
	int fd = bufferevent_getfd(c->bev);
	struct error why;

	(void)bufferevent_setfd(c->bev, -1);
	drop_socket(c);
	set_state(c, STATE_SHAKING_HANDS);
	c->bev =
	    tls_bufferevent(peer->access->tls, c->env->base, fd, peer->session,
		peer->address.is_path ? "localhost" : peer->address.host, &why);
	if (c->bev == NULL) {
		fail(c, &why);
		return;
	}
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* This address is of no use: the next one, or the end. */
static void
next_endpoint(struct connection *c, enum reason reason, const char *what)
{
	char place[PLACE_TEXT_MAX];
	struct error why;

	where(c, place);
	(void)error_because(&why, reason, "connect to %s: %s", place, what);
	/* it tells more than that nobody is at another address */
	if (c->state == STATE_SHAKING_HANDS && !c->met) {
		c->met = true;
		c->why = why;
	}
	if (c->endpoint + 1 == c->endpoints.len) {
		fail(c, c->met ? &c->why : &why);
		return;
	}
	c->endpoint++;
	try_endpoint(c);
}

/* What ended a connection, in words and as a reason. */
static void
explain(const struct connection *c, short what, int err, struct error *e)
{
	bool tls = !is_plain(c) && c->state != STATE_CONNECTING;

	if (tls && tls_failure(c->bev, e))
		return;
	if (what & BEV_EVENT_EOF || err == 0)
		(void)error_because(e, REASON_CLOSED, "the server hung up");
	else
		(void)error_because(
		    e, reason_of_errno(err), "%s", strerror(err));
}

static void
on_lost(struct connection *c, const struct error *what)
{
	char place[PLACE_TEXT_MAX];
	struct error why;

	where(c, place);
	(void)error_because(&why, what->reason, "%s: %s", place, what->text);
	reader_broken(c->reader, &why);
	fail(c, &why);
}

/* The network is there, or the handshake after it. */
static void
on_connected(struct connection *c)
{
	if (c->state == STATE_CONNECTING && !is_plain(c))
		shake_hands(c);
	else
		on_ready(c);
}

static void
on_end(struct connection *c, short what, int err)
{
	struct error why;

	/* reads what a server said last, so only when nothing else will */
	explain(c, what, err, &why);
	switch (c->state) {
	case STATE_CONNECTING:
	case STATE_SHAKING_HANDS:
		next_endpoint(c, why.reason, why.text);
		break;
	case STATE_ASKING:
		if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
			on_lost(c, &why);
		break;
	case STATE_RESTING:
		finish(c, STATE_CLOSED);
		break;
	case STATE_NEW:
	case STATE_RESOLVING:
	case STATE_CLOSED:
		break;
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct connection *c = arg;
	int err = EVUTIL_SOCKET_ERROR();

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		on_connected(c);
	else
		on_end(c, what, err);
}

static void
on_attempt_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	next_endpoint(arg, REASON_TIMEOUT, "no answer");
}

static int
open_socket(struct connection *c, const struct endpoint *ep)
{
	int family = ep->sa.ss_family, one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family != AF_UNIX)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->bev = xnonnull(
	    bufferevent_socket_new(c->env->base, fd, BEV_OPT_CLOSE_ON_FREE));
	bufferevent_setcb(c->bev, NULL, NULL, on_event, c);
	return bufferevent_enable(c->bev, EV_WRITE);
}

/*
 * A try gets an equal share of the time left, so that one address that
 * swallows packets leaves time for the others; the last one gets all.
 */
static void
arm_attempt(struct connection *c)
{
	uint64_t now = clock_us(), tries = c->endpoints.len - c->endpoint;
	uint64_t left = c->deadline > now ? c->deadline - now : 0;
	struct timeval share = clock_until(now + left / tries);

	if (tries > 1)
		(void)event_add(c->attempt, &share);
	else
		(void)event_del(c->attempt);
}

static void
try_endpoint(struct connection *c)
{
	const struct endpoint *ep = &c->endpoints.list[c->endpoint];
	struct sockaddr_storage sa = ep->sa;

	set_state(c, STATE_CONNECTING);
	drop_socket(c);
	arm_attempt(c);
	/* an immediate failure comes through on_event as well */
	if (open_socket(c, ep) < 0 ||
	    bufferevent_socket_connect(
		c->bev, (struct sockaddr *)&sa, (int)ep->len) < 0)
		next_endpoint(c, reason_of_errno(errno), strerror(errno));
}

static bool
is_allowed(const struct access *access, const struct endpoint *ep)
{
	for (size_t i = 0; i < nitems(access->allow); i++) {
		if (access->allow[i] != NULL &&
		    !allow_endpoint(access->allow[i], ep))
			return false;
	}
	return true;
}

/* A name must not lead where its addresses are not allowed. */
static void
take_endpoints(struct connection *c, const struct endpoints *found)
{
	c->endpoints.len = 0;
	c->endpoint = 0;
	for (size_t i = 0; i < found->len; i++) {
		if (is_allowed(c->peer->access, &found->list[i]))
			c->endpoints.list[c->endpoints.len++] = found->list[i];
	}
}

static void
on_lookup(const struct endpoints *found, const struct error *why, void *arg)
{
	struct connection *c = arg;
	struct error forbidden;

	c->lookup = NULL;
	if (found == NULL) {
		fail(c, why);
		return;
	}
	take_endpoints(c, found);
	if (c->endpoints.len > 0) {
		try_endpoint(c);
		return;
	}
	(void)error_because(&forbidden, REASON_FORBIDDEN,
	    "%s has no address that is allowed", c->peer->address.host);
	fail(c, &forbidden);
}

static void
begin(struct connection *c)
{
	struct endpoint *first = &c->endpoints.list[0];

	if (address_endpoint(&c->peer->address, first)) {
		c->endpoints.len = 1;
		try_endpoint(c);
		return;
	}
	set_state(c, STATE_RESOLVING);
	c->lookup =
	    resolver_lookup(c->env->resolver, &c->peer->address, on_lookup, c);
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
	c->report = xnonnull(event_new(env->base, -1, 0, on_report, c));
	c->attempt = xnonnull(evtimer_new(env->base, on_attempt_late, c));
	return c;
}

void
connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	lookup_cancel(c->lookup);
	drop_socket(c);
	reader_free(c->reader);
	event_free(c->attempt);
	event_free(c->report);
	free(c);
}

void
connection_ask(struct connection *c, unsigned sections, uint64_t deadline_us)
{
	const struct access *access = c->peer->access;

	c->asked = true;
	c->reused = c->state == STATE_RESTING;
	c->sections = sections;
	c->deadline = deadline_us;
	reader_free(c->reader);
	if (access->binary)
		c->reader = reader_new_binary(c->env->keys, sections);
	else
		c->reader = reader_new(
		    c->env->keys, sections, access->username != NULL);
	if (c->reused)
		send_commands(c);
	else
		begin(c);
}

bool
connection_is_usable(const struct connection *c)
{
	return c->state == STATE_NEW || c->state == STATE_RESTING;
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
	return c->reached;
}

uint64_t
connection_since(const struct connection *c)
{
	bool is_open = c->state == STATE_ASKING || c->state == STATE_RESTING;

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
	bool connecting =
	    c->state == STATE_CONNECTING || c->state == STATE_SHAKING_HANDS;
	char place[PLACE_TEXT_MAX];

	where(c, place);
	if (c->state == STATE_RESOLVING) {
		(void)error_because(why, REASON_DNS,
		    "look up %s: no answer in time", c->peer->address.host);
		return;
	}
	(void)error_because(
	    why, REASON_TIMEOUT, "%s: stats was not answered in time", place);
	if (connecting && c->met)
		*why = c->why;
	else if (connecting)
		(void)error_because(why, REASON_TIMEOUT,
		    "connect to %s: no answer in time", place);
	else if (c->reader != NULL)
		reader_broken(c->reader, why);
}
