#include "memcached/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/resolve.h"
#include "memcached/stream.h"
#include "memcached/tls.h"

/* How often a unix socket whose backlog is full is tried again. */
#define BACKLOG_US 10000

enum dial_state {
	DIAL_RESOLVING,
	DIAL_CONNECTING,
	DIAL_QUEUEING,      /* the backlog of a unix socket is full */
	DIAL_SHAKING_HANDS, /* in TLS */
	DIAL_FAILED         /* the caller has not heard of it yet */
};

struct dial {
	struct event_base *base;
	const struct peer *peer;
	uint64_t deadline;
	dial_fn *done;
	void *arg;

	enum dial_state state;
	struct event *report; /* makes that call after a failure */
	struct lookup *lookup;
	struct endpoints endpoints;
	size_t endpoint;         /* being tried, or connected */
	struct event *attempt;   /* ends a try that takes too long */
	int fd;                  /* -1: none, or tls has it */
	struct event *connected; /* the socket is, or cannot be */
	struct bufferevent *tls; /* while shaking hands */
	bool met; /* a server was there, but no handshake: why says it */
	struct error why;
};

static void dial_try(struct dial *d);

static void
dial_set_state(struct dial *d, enum dial_state state)
{
	d->state = state;
}

static void
dial_drop_socket(struct dial *d)
{
	if (d->connected != NULL)
		event_free(d->connected);
	if (d->tls != NULL)
		bufferevent_free(d->tls);
	if (d->fd >= 0)
		(void)close(d->fd);
	d->connected = NULL;
	d->tls = NULL;
	d->fd = -1;
}

/* It may be called before dial_new has returned: so the loop tells of it. */
static void
dial_fail(struct dial *d, const struct error *why)
{
	d->why = *why;
	dial_set_state(d, DIAL_FAILED);
	(void)event_del(d->attempt);
	if (d->tls != NULL)
		(void)bufferevent_disable(d->tls, EV_READ | EV_WRITE);
	event_active(d->report, EV_TIMEOUT, 0);
}

static void
dial_free(struct dial *d)
{
	lookup_cancel(d->lookup);
	dial_drop_socket(d);
	event_free(d->attempt);
	event_free(d->report);
	free(d);
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_free(d);
}

/* The name, and the address being tried if that differs. */
static void
dial_place(const struct dial *d, char text[PLACE_TEXT_MAX])
{
	char name[ADDRESS_TEXT_MAX], number[ADDRESS_TEXT_MAX] = "";

	address_text(&d->peer->address, name);
	if (d->endpoint < d->endpoints.len)
		endpoint_text(&d->endpoints.list[d->endpoint], number);
	if (number[0] == '\0' || strcmp(name, number) == 0)
		(void)snprintf(text, PLACE_TEXT_MAX, "%s", name);
	else
		(void)snprintf(text, PLACE_TEXT_MAX, "%s (%s)", name, number);
}

static void
on_dial_report(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	d->done(-1, NULL, NULL, &d->why, d->arg);
	dial_free(d);
}

static void
dial_succeed(struct dial *d)
{
	struct bufferevent *tls = d->tls;
	int fd = d->fd;
	char place[PLACE_TEXT_MAX];

	dial_place(d, place);
	d->tls = NULL; /* they change hands */
	d->fd = -1;
	d->done(fd, tls, place, NULL, d->arg);
	dial_free(d);
}

/* This address is of no use: the next one, or the end. */
static void
dial_next(struct dial *d, enum reason reason, const char *what)
{
	char place[PLACE_TEXT_MAX];
	struct error why;

	dial_place(d, place);
	(void)error_because(&why, reason, "connect to %s: %s", place, what);
	/* it tells more than that no server is at another address */
	if (d->state == DIAL_SHAKING_HANDS && !d->met) {
		d->met = true;
		d->why = why;
	}
	if (d->endpoint + 1 == d->endpoints.len) {
		dial_fail(d, d->met ? &d->why : &why);
		return;
	}
	d->endpoint++;
	dial_try(d);
}

static void
on_dial_tls(struct bufferevent *bev, short what, void *arg)
{
	struct dial *d = arg;
	int err = EVUTIL_SOCKET_ERROR();
	struct error why;

	if (d->state != DIAL_SHAKING_HANDS)
		return;
	if (what & BEV_EVENT_CONNECTED) {
		dial_succeed(d);
		return;
	}
	stream_explain_tls(bev, what, err, &why);
	dial_next(d, why.reason, why.text);
}

/* The network is there: from here on a bufferevent with TLS has the socket. */
static void
dial_shake_hands(struct dial *d)
{
	const struct peer *peer = d->peer;
	int fd = d->fd;
	struct error why;

	dial_set_state(d, DIAL_SHAKING_HANDS);
	d->fd = -1;
	d->tls = tls_bufferevent(peer->access->tls, d->base, fd, peer->session,
	    peer->address.is_path ? "localhost" : peer->address.host, &why);
	if (d->tls == NULL) {
		dial_fail(d, &why);
		return;
	}
	bufferevent_setcb(d->tls, NULL, NULL, on_dial_tls, d);
	(void)bufferevent_enable(d->tls, EV_READ | EV_WRITE);
}

static void
on_dial_connected(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	int err = 0;
	socklen_t len = sizeof(err);
	struct error why;

	(void)what;
	if (d->state != DIAL_CONNECTING)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err != 0) {
		stream_explain(err, &why);
		dial_next(d, why.reason, why.text);
	} else if (d->peer->access->tls != NULL) {
		event_free(d->connected);
		d->connected = NULL;
		dial_shake_hands(d);
	} else {
		dial_succeed(d);
	}
}

static void
on_dial_attempt(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd;
	(void)what;
	if (d->state == DIAL_QUEUEING)
		dial_try(d);
	else
		dial_next(d, REASON_TIMEOUT, "no answer");
}

static int
dial_open_socket(struct dial *d, const struct endpoint *ep)
{
	int family = ep->sa.ss_family, one = 1;

	d->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return -1;
	if (family != AF_UNIX)
		(void)setsockopt(
		    d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return connect(d->fd, (const struct sockaddr *)&ep->sa, ep->len);
}

/*
 * A try gets an equal share of the time left, so that one address that
 * swallows packets leaves time for the others; the last one gets all.
 */
static void
dial_arm_attempt(struct dial *d)
{
	uint64_t now = clock_us(), tries = d->endpoints.len - d->endpoint;
	uint64_t left = d->deadline > now ? d->deadline - now : 0;
	struct timeval share = clock_until(now + left / tries);

	if (tries > 1)
		(void)event_add(d->attempt, &share);
	else
		(void)event_del(d->attempt);
}

static void
dial_queue(struct dial *d)
{
	struct timeval soon = { 0, BACKLOG_US };

	dial_set_state(d, DIAL_QUEUEING);
	dial_drop_socket(d);
	(void)event_add(d->attempt, &soon);
}

static void
dial_try(struct dial *d)
{
	const struct endpoint *ep = &d->endpoints.list[d->endpoint];
	bool ok;

	dial_set_state(d, DIAL_CONNECTING);
	dial_drop_socket(d);
	dial_arm_attempt(d);
	ok = dial_open_socket(d, ep) == 0 || errno == EINPROGRESS ||
	     errno == EINTR;
	if (ok) {
		d->connected = xnonnull(
		    event_new(d->base, d->fd, EV_WRITE, on_dial_connected, d));
		(void)event_add(d->connected, NULL);
	} else if (errno == EAGAIN && ep->sa.ss_family == AF_UNIX) {
		dial_queue(d);
	} else {
		dial_next(d, reason_of_errno(errno), strerror(errno));
	}
}

/* A name must not lead where its addresses are not allowed. */
static void
dial_take_endpoints(struct dial *d, const struct endpoints *found)
{
	for (size_t i = 0; i < found->len; i++) {
		if (peer_allows(d->peer, &found->list[i]))
			d->endpoints.list[d->endpoints.len++] = found->list[i];
	}
}

static void
on_dial_lookup(
    const struct endpoints *found, const struct error *why, void *arg)
{
	struct dial *d = arg;
	struct error forbidden;

	d->lookup = NULL;
	if (found == NULL) {
		dial_fail(d, why);
		return;
	}
	dial_take_endpoints(d, found);
	if (d->endpoints.len > 0) {
		dial_try(d);
		return;
	}
	(void)error_because(&forbidden, REASON_FORBIDDEN,
	    "%s has no address that is allowed", d->peer->address.host);
	dial_fail(d, &forbidden);
}

struct dial *
dial_new(struct event_base *base, struct resolver *resolver,
    const struct peer *peer, uint64_t deadline_us, dial_fn *done, void *arg)
{
	struct dial *d = xcalloc(1, sizeof(*d));

	d->base = base;
	d->peer = peer;
	d->deadline = deadline_us;
	d->done = done;
	d->arg = arg;
	d->report = xnonnull(event_new(base, -1, 0, on_dial_report, d));
	d->attempt = xnonnull(evtimer_new(base, on_dial_attempt, d));
	d->fd = -1;
	if (address_endpoint(&peer->address, &d->endpoints.list[0])) {
		d->endpoints.len = 1;
		dial_try(d);
		return d;
	}
	dial_set_state(d, DIAL_RESOLVING);
	d->lookup =
	    resolver_lookup(resolver, &peer->address, on_dial_lookup, d);
	return d;
}

bool
dial_was_reached(const struct dial *d)
{
	return d->state == DIAL_SHAKING_HANDS;
}

void
dial_late(const struct dial *d, struct error *why)
{
	char place[PLACE_TEXT_MAX];

	if (d->state == DIAL_RESOLVING) {
		(void)error_because(why, REASON_DNS,
		    "look up %s: no answer in time", d->peer->address.host);
		return;
	}
	dial_place(d, place);
	if (d->state == DIAL_FAILED || d->met)
		*why = d->why;
	else if (d->state == DIAL_SHAKING_HANDS)
		(void)error_because(why, REASON_TIMEOUT,
		    "connect to %s: no TLS handshake in time: does the server "
		    "speak TLS?",
		    place);
	else
		(void)error_because(why, REASON_TIMEOUT, "connect to %s: %s",
		    place,
		    d->state == DIAL_QUEUEING
			? "the socket's queue of connections is full"
			: "no answer in time");
}
