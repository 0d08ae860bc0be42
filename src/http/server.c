#include "http/server.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/body.h"
#include "http/client.h"
#include "http/listener.h"
#include "http/routes.h"
#include "http/web.h"

/* Descriptors that are left: for targets, files and listeners above all. */
#define DESCRIPTORS_SPARE (64 + CLIENTS_SURPLUS_MAX)

/* It is news again when it has not happened for so long. */
#define NEWS_US (60 * 1000000ULL)

/* Clients that are accepted before others have their turn. */
#define TURN_CLIENTS_MAX 64

struct listener {
	SLIST_ENTRY(listener) entry;
	struct server *server;
	struct event *accept;
	struct listen_socket socket;
};

struct server {
	struct event_base *base;
	struct request_env env;
	struct client_env clients;
	SLIST_HEAD(, listener) listeners;
	bool accepting;
	struct event *resume;
	uint64_t out_of_descriptors; /* when that last happened */
	uint64_t turned_away;        /* and that */
	struct routes *routes;
	void (*drained)(void *arg);
	void *drained_arg;
	struct event *drain;
};

static void
accept_all(struct server *s, bool on)
{
	struct listener *l;

	if (on == s->accepting)
		return;
	s->accepting = on;
	SLIST_FOREACH(l, &s->listeners, entry)
	{
		if (on)
			(void)event_add(l->accept, NULL);
		else
			(void)event_del(l->accept);
	}
}

static void
close_listeners(struct server *s)
{
	struct listener *l;

	while ((l = SLIST_FIRST(&s->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&s->listeners, entry);
		event_free(l->accept);
		listener_close(&l->socket);
		free(l);
	}
}

static void
on_left(void *arg)
{
	struct server *s = arg;

	if (!clients_are_full(s->clients.clients))
		accept_all(s, true);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_left(arg);
}

/* Once while it goes on happening. */
static void
warn(uint64_t *last, const char *text)
{
	uint64_t now = clock_us();

	if (*last == 0 || now - *last > NEWS_US)
		log_warn(text);
	*last = now;
}

/*
 * The system has no descriptor, or no memory, for one more: quiet clients give
 * theirs. If there is none, to try again would fail again and again at once;
 * so no client is accepted until one has left, or for a moment.
 */
static void
make_room(struct server *s)
{
	static const struct timeval moment = { 0, 20000 };
	struct clients *cs = s->clients.clients;

	warn(&s->out_of_descriptors,
	    "Out of descriptors: closing the HTTP connections that are idle "
	    "for longest");
	if (clients_evict(cs, 1 + clients_count(cs) / 8) > 0)
		return;
	accept_all(s, false);
	(void)event_add(s->resume, &moment);
}

/* Whether accept(2) has failed for the listener, and not for one client. */
static bool
is_lack(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
	       err == ENOMEM;
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct server *s = l->server;
	struct clients *cs = s->clients.clients;

	(void)what;
	for (size_t n = 0; n < TURN_CLIENTS_MAX && s->accepting; n++) {
		int client =
		    accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0) {
			/* without a descriptor it fails, client or not */
			if (n == 0 && is_lack(errno))
				make_room(s);
			break;
		}
		client_accept(&s->clients, client);
		if (clients_are_full(cs))
			accept_all(s, false);
	}
}

static void
on_verdict(enum auth_verdict verdict, void *arg)
{
	struct request *r = arg;

	if (!request_is_wanted(r)) {
		request_drop(r);
		return;
	}
	switch (verdict) {
	case AUTH_RIGHT:
		route_serve(request_owner(r), r);
		break;
	case AUTH_WRONG:
		request_add_header(r, "WWW-Authenticate",
		    "Basic realm=\"memcached_exporter\", charset=\"UTF-8\"");
		request_say(r, 401,
		    "Unauthorized: a user of --web.config.file and the right "
		    "password are needed.");
		break;
	case AUTH_BUSY:
		/* too many wait, or it has to end without a verdict */
		request_say_later(r, 503, 1,
		    request_is_late(r) ? "The exporter is stopping."
				       : "Too many passwords to check, try "
					 "again later.");
		break;
	}
}

static uint64_t
origin(void *arg)
{
	return request_origin(arg);
}

static void
admit(struct server *s, struct request *r)
{
	struct span value = request_header(r, "Authorization");
	char *text = value.p != NULL ? xstrndup(value.p, value.len) : NULL;

	web_admit(s->env.web, request_path(r), text, origin, on_verdict, r);
	if (text != NULL)
		explicit_bzero(text, value.len);
	free(text);
}

static void
on_request(struct client *c, void *arg)
{
	struct server *s = arg;
	enum head_fault fault = client_fault(c);
	struct request *r = request_new(c, &s->env);
	struct route *route = fault == HEAD_FINE
				  ? routes_find(s->routes, request_path(r))
				  : routes_other(s->routes);
	uint64_t seconds = web_wait_seconds(s->env.web, request_arrived(r));

	request_set_owner(r, route, route_counts(route));
	if (client_is_surplus(c)) {
		client_set_last(c);
		warn(&s->turned_away,
		    "All HTTP connections are busy: more clients are turned "
		    "away");
		request_say_later(
		    r, 503, 1, "Too many clients, try again later.");
	} else if (fault != HEAD_FINE) {
		request_say(
		    r, head_fault_status(fault), head_fault_sentence(fault));
	} else if (s->env.under_way > SERVER_REQUESTS_MAX) {
		request_say_later(
		    r, 503, 1, "Too many requests, try again later.");
	} else if (seconds > 0) {
		request_say_later(r, 429, seconds,
		    "More requests than rate_limit in --web.config.file "
		    "allows.");
	} else {
		admit(s, r);
	}
}

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	struct timeval soon = { 0, 10000 };

	(void)fd;
	(void)what;
	if (clients_busy(s->clients.clients) == 0)
		s->drained(s->drained_arg);
	else
		(void)event_add(s->drain, &soon);
}

struct server *
server_new(struct event_base *base, struct web *web, size_t connections,
    size_t descriptors)
{
	struct server *s = xcalloc(1, sizeof(*s));
	size_t max = descriptors > 2 * DESCRIPTORS_SPARE
			 ? descriptors - DESCRIPTORS_SPARE
			 : descriptors / 2;

	if (max > connections)
		max = connections;
	s->base = base;
	s->accepting = true;
	s->routes = routes_new();
	request_env_init(&s->env, web);
	client_env_init(&s->clients, base, web, max, on_request, on_left, s);
	s->clients.crowd.outbox = s->env.outbox;
	s->drain = xnonnull(evtimer_new(base, on_drained, s));
	s->resume = xnonnull(evtimer_new(base, on_resume, s));
	return s;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_listeners(s);
	event_free(s->drain);
	event_free(s->resume);
	client_env_release(&s->clients);
	/* libevent frees connections a moment later, with what they hold */
	(void)event_base_loop(s->base, EVLOOP_NONBLOCK);
	request_env_release(&s->env);
	routes_free(s->routes);
	free(s);
}

void
server_route(struct server *s, const char *path, route_fn *serve, void *arg)
{
	routes_add(s->routes, ROUTE_GET, path, serve, arg);
}

void
server_route_post(
    struct server *s, const char *path, route_fn *serve, void *arg)
{
	routes_add(s->routes, ROUTE_POST, path, serve, arg);
}

void
server_route_scrape(
    struct server *s, const char *path, route_fn *serve, void *arg)
{
	routes_add(s->routes, ROUTE_SCRAPE, path, serve, arg);
}

void
server_limit_scrapes(struct server *s, size_t max)
{
	routes_limit_scrapes(s->routes, max);
}

void
server_listen(struct server *s, const struct listen_socket *socket)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->server = s;
	l->socket = *socket;
	l->accept = xnonnull(
	    event_new(s->base, socket->fd, EV_READ | EV_PERSIST, on_accept, l));
	(void)event_add(l->accept, NULL);
	SLIST_INSERT_HEAD(&s->listeners, l, entry);
}

void
server_drain(struct server *s, void (*done)(void *arg), void *arg)
{
	s->drained = done;
	s->drained_arg = arg;
	s->env.closing = true;
	close_listeners(s);
	event_active(s->drain, EV_TIMEOUT, 0);
}

size_t
server_connections(const struct server *s)
{
	return clients_count(s->clients.clients);
}

size_t
server_unsent(const struct server *s)
{
	return outbox_unsent(s->env.outbox);
}

void
server_counts(const struct server *s, route_count_fn *each, void *arg)
{
	routes_counts(s->routes, each, arg);
}
