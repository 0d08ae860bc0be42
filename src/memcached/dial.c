#include "memcached/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "memcached/access.h"
#include "memcached/resolve.h"
#include "memcached/tls.h"

enum dial_state {
	DIAL_RESOLVING,
	DIAL_CONNECTING,
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
	size_t endpoint;       /* being tried, or connected */
	struct event *attempt; /* ends a try that takes too long */
	struct bufferevent *bev;
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
	if (d->bev != NULL)
		bufferevent_free(d->bev);
	d->bev = NULL;
}

/* It may be called before dial_new has returned: so the loop tells of it. */
static void
dial_fail(struct dial *d, const struct error *why)
{
	d->why = *why;
	dial_set_state(d, DIAL_FAILED);
	(void)event_del(d->attempt);
	if (d->bev != NULL)
		(void)bufferevent_disable(d->bev, EV_READ | EV_WRITE);
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
	d->done(NULL, NULL, &d->why, d->arg);
	dial_free(d);
}

static void
dial_succeed(struct dial *d)
{
	struct bufferevent *bev = d->bev;
	char place[PLACE_TEXT_MAX];

	dial_place(d, place);
	d->bev = NULL; /* it changes hands */
	d->done(bev, place, NULL, d->arg);
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

void
dial_explain(
    struct bufferevent *bev, bool tls, short what, int err, struct error *why)
{
	if (tls && tls_failure(bev, why))
		return;
	if (what & BEV_EVENT_EOF || err == 0)
		(void)error_because(why, REASON_CLOSED, "the server hung up");
	else
		(void)error_because(
		    why, reason_of_errno(err), "%s", strerror(err));
}

static void on_dial_event(struct bufferevent *bev, short what, void *arg);

/* The network is there: from here on a bufferevent with TLS has the socket. */
static void
dial_shake_hands(struct dial *d)
{
	const struct peer *peer = d->peer;
	int fd = bufferevent_getfd(d->bev);
	struct error why;

	(void)bufferevent_setfd(d->bev, -1);
	dial_drop_socket(d);
	dial_set_state(d, DIAL_SHAKING_HANDS);
	d->bev = tls_bufferevent(peer->access->tls, d->base, fd, peer->session,
	    peer->address.is_path ? "localhost" : peer->address.host, &why);
	if (d->bev == NULL) {
		dial_fail(d, &why);
		return;
	}
	bufferevent_setcb(d->bev, NULL, NULL, on_dial_event, d);
	(void)bufferevent_enable(d->bev, EV_READ | EV_WRITE);
}

static void
on_dial_event(struct bufferevent *bev, short what, void *arg)
{
	struct dial *d = arg;
	int err = EVUTIL_SOCKET_ERROR();
	bool tls = d->state == DIAL_SHAKING_HANDS;
	struct error why;

	if (d->state == DIAL_FAILED)
		return;
	if ((what & BEV_EVENT_CONNECTED) == 0) {
		dial_explain(bev, tls, what, err, &why);
		dial_next(d, why.reason, why.text);
	} else if (!tls && d->peer->access->tls != NULL) {
		dial_shake_hands(d);
	} else {
		dial_succeed(d);
	}
}

static void
on_dial_attempt_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	dial_next(arg, REASON_TIMEOUT, "no answer");
}

static int
dial_open_socket(struct dial *d, const struct endpoint *ep)
{
	int family = ep->sa.ss_family, one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family != AF_UNIX)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	d->bev = xnonnull(
	    bufferevent_socket_new(d->base, fd, BEV_OPT_CLOSE_ON_FREE));
	bufferevent_setcb(d->bev, NULL, NULL, on_dial_event, d);
	return bufferevent_enable(d->bev, EV_WRITE);
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
dial_try(struct dial *d)
{
	const struct endpoint *ep = &d->endpoints.list[d->endpoint];
	struct sockaddr_storage sa = ep->sa;

	dial_set_state(d, DIAL_CONNECTING);
	dial_drop_socket(d);
	dial_arm_attempt(d);
	/* an immediate failure comes through on_dial_event as well */
	if (dial_open_socket(d, ep) < 0 ||
	    bufferevent_socket_connect(
		d->bev, (struct sockaddr *)&sa, (int)ep->len) < 0)
		dial_next(d, reason_of_errno(errno), strerror(errno));
}

static bool
dial_is_allowed(const struct access *access, const struct endpoint *ep)
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
dial_take_endpoints(struct dial *d, const struct endpoints *found)
{
	for (size_t i = 0; i < found->len; i++) {
		if (dial_is_allowed(d->peer->access, &found->list[i]))
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
	d->attempt = xnonnull(evtimer_new(base, on_dial_attempt_late, d));
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
	else
		(void)error_because(why, REASON_TIMEOUT,
		    "connect to %s: no answer in time", place);
}
