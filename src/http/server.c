#include "http/server.h"

#include <sys/queue.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/body.h"
#include "http/clients.h"
#include "http/framing.h"
#include "http/listener.h"
#include "http/refusal.h"
#include "http/tls.h"
#include "http/web.h"

/* Descriptors that are left: for targets, files and listeners above all. */
#define DESCRIPTORS_SPARE (64 + CLIENTS_SURPLUS_MAX)

/* It is news again when it has not happened for so long. */
#define NEWS_US (60 * 1000000ULL)

/* evhttp's own timeout is only the last resort behind clients.h. */
#define BACKSTOP_SECONDS (2 * CLIENT_IDLE_SECONDS)

static const struct {
	const char *allow;
	const char *sentence;
} kinds[] = {
	[REQUEST_GET] = { "GET, HEAD", "Only GET and HEAD are served here." },
	[REQUEST_POST] = { "POST", "Only POST is served here." },
};

struct route {
	const char *path;
	route_fn *serve;
	enum request_kind kind;
	void *arg;
	struct server *server;
	uint64_t counts[REQUEST_STATUSES];
};

struct listener {
	SLIST_ENTRY(listener) entry;
	struct server *server;
	struct evhttp_bound_socket *bound;
	struct evconnlistener *accept; /* evhttp frees it */
	struct event *knock;
	struct listen_socket socket;
};

struct server {
	struct event_base *base;
	struct request_env env;
	struct evhttp *http;
	struct clients *clients;
	SLIST_HEAD(, listener) listeners;
	bool accepting;
	uint64_t out_of_descriptors; /* when that last happened */
	uint64_t turned_away;        /* and that */
	struct route routes[SERVER_ROUTES_MAX];
	size_t routes_len;
	struct route other; /* paths that are no route */
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
		if (on) {
			(void)evconnlistener_enable(l->accept);
			(void)event_add(l->knock, NULL);
		} else {
			(void)evconnlistener_disable(l->accept);
			(void)event_del(l->knock);
		}
	}
}

static void
close_listeners(struct server *s)
{
	struct listener *l;

	while ((l = SLIST_FIRST(&s->listeners)) != NULL) {
		SLIST_REMOVE_HEAD(&s->listeners, entry);
		/* who comes now finds no file, or that of the next one */
		listener_remove_file(&l->socket);
		event_free(l->knock);
		evhttp_del_accept_socket(s->http, l->bound);
		free(l);
	}
}

/* clients.h has looked at all: there may be room again. */
static void
on_looked(void *arg)
{
	struct server *s = arg;

	accept_all(s, !clients_are_full(s->clients));
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

/* accept(2) would fail for want of a descriptor. */
static bool
is_out_of_descriptors(int any)
{
	int fd = fcntl(any, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return true;
	(void)close(fd);
	return false;
}

/*
 * Somebody wants to connect. Without a descriptor for him, trying would fail
 * again and again at once; so wait until there is one. evhttp keeps the
 * listener's own call for such errors to itself, hence this event beside it.
 */
static void
on_knock(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct server *s = l->server;

	(void)what;
	if (!s->accepting || !is_out_of_descriptors(fd))
		return;
	warn(&s->out_of_descriptors,
	    "Out of descriptors: the HTTP clients quiet for longest have to "
	    "go");
	accept_all(s, false);
	clients_make_room(s->clients, 1 + clients_count(s->clients) / 8);
}

/* on_knock will find out; here only to keep libevent from writing lines. */
static void
on_accept_failed(struct evconnlistener *l, void *arg)
{
	(void)l;
	(void)arg;
}

static struct bufferevent *
on_accepted(struct event_base *base, void *arg)
{
	struct server *s = arg;
	struct bufferevent *bev = web_accept(s->env.web);

	(void)base;
	if (!clients_add(s->clients, bev))
		warn(&s->turned_away,
		    "All HTTP clients that may be connected are busy: others "
		    "are turned away");
	if (clients_are_full(s->clients))
		accept_all(s, false);
	return bev;
}

static struct route *
find_route(struct server *s, struct span path)
{
	for (size_t i = 0; i < s->routes_len; i++) {
		if (span_is(path, s->routes[i].path))
			return &s->routes[i];
	}
	return &s->other;
}

static void
serve_route(struct request *r, struct route *route)
{
	struct error e;

	if (route == &route->server->other) {
		request_say(
		    r, 404, "There is nothing here; \"/\" has the links.");
	} else if (!request_is(r, route->kind)) {
		request_add_header(r, "Allow", kinds[route->kind].allow);
		request_say(r, 405, kinds[route->kind].sentence);
	} else if (request_read_query(r, &e) < 0) {
		request_say(r, 400, e.text);
	} else {
		route->serve(r, route->arg);
	}
}

/* Why a password has no verdict. */
static const char *
busy_sentence(const struct server *s)
{
	return s->env.closing ? "The exporter is about to end."
			      : "Too many passwords to check at a time.";
}

static void
say_no_room(struct request *r)
{
	request_set_last(r);
	request_say_later(r, 503, 1, "Too many clients at a time.");
}

/* What comes behind it may be its body, so nothing of it is read. */
static void
say_framing(struct request *r, enum framing framing)
{
	request_set_last(r);
	if (framing == FRAMING_BODY)
		request_say(r, 413, REFUSAL_BODY);
	else
		request_say(r, 400,
		    "The header of this request leaves in doubt where it "
		    "ends.");
}

static void
on_verdict(enum auth_verdict verdict, void *arg)
{
	struct request *r = arg;
	struct route *route = request_owner(r);

	switch (verdict) {
	case AUTH_RIGHT:
		serve_route(r, route);
		break;
	case AUTH_WRONG:
		request_add_header(r, "WWW-Authenticate",
		    "Basic realm=\"memcached_exporter\", charset=\"UTF-8\"");
		request_say(r, 401,
		    "A user of --web.config.file and the right password are "
		    "needed here.");
		break;
	case AUTH_BUSY:
		request_say_later(r, 503, 1, busy_sentence(route->server));
		break;
	}
}

/* evhttp is about to let go of the connection. */
static void
on_closing(struct evhttp_connection *conn, void *arg)
{
	(void)arg;
	server_tls_say_end(evhttp_connection_get_bufferevent(conn));
}

static void
on_request(struct evhttp_request *ev, void *arg)
{
	struct server *s = arg;
	struct evhttp_connection *conn = evhttp_request_get_connection(ev);
	struct client *client =
	    clients_find(s->clients, evhttp_connection_get_bufferevent(conn));
	enum framing framing = framing_of(evhttp_request_get_input_headers(ev));
	struct request *r = request_new(ev, client, &s->env);
	struct route *route = framing == FRAMING_CLEAR
				  ? find_route(s, request_path(r))
				  : &s->other;
	uint64_t seconds;

	evhttp_connection_set_closecb(conn, on_closing, NULL);
	request_set_owner(r, route, route->counts);
	client_begin(client);
	seconds = web_wait_seconds(s->env.web, request_arrived(r));
	if (client_is_leaving(client))
		say_no_room(r);
	else if (framing != FRAMING_CLEAR)
		say_framing(r, framing);
	else if (clients_busy(s->clients) > SERVER_REQUESTS_MAX)
		request_say_later(r, 503, 1, "Too many requests at a time.");
	else if (seconds > 0)
		request_say_later(r, 429, seconds,
		    "More requests than --web.config.file allows.");
	else
		web_admit(s->env.web, request_path(r),
		    request_header(r, "Authorization"), on_verdict, r);
}

/* evhttp speaks for itself: counted like our own answers. */
static void
on_foreign(struct client *c, void *arg)
{
	struct server *s = arg;
	int code = refusal_rewrite(client_output(c), s->env.web,
	    client_received(c) >= SERVER_HEADER_MAX);

	if (code == 0)
		return;
	s->other.counts[request_status_index(code)]++;
	client_answer(c);
}

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;
	struct timeval soon = { 0, 10000 };

	(void)fd;
	(void)what;
	if (clients_busy(s->clients) == 0)
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
	s->env.web = web;
	s->env.outbox = outbox_new();
	s->accepting = true;
	s->other.path = "other";
	s->other.server = s;
	s->clients = clients_new(base, max, on_looked, on_foreign, s);
	s->drain = xnonnull(evtimer_new(base, on_drained, s));
	s->http = xnonnull(evhttp_new(base));
	evhttp_set_bevcb(s->http, on_accepted, s);
	evhttp_set_gencb(s->http, on_request, s);
	evhttp_set_timeout(s->http, BACKSTOP_SECONDS);
	evhttp_set_max_headers_size(s->http, SERVER_HEADER_MAX);
	evhttp_set_max_body_size(s->http, 0);
	/* all methods, so that we and not evhttp say what is allowed */
	evhttp_set_allowed_methods(s->http, UINT16_MAX);
	return s;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	close_listeners(s);
	event_free(s->drain);
	evhttp_free(s->http);
	clients_free(s->clients);
	/* calls that libevent has put off hold connections; nobody hears them */
	(void)event_base_loop(s->base, EVLOOP_NONBLOCK);
	outbox_free(s->env.outbox);
	free(s);
}

static void
add_route(struct server *s, const struct route *route)
{
	if (find_route(s, span_of(route->path)) == &s->other)
		s->routes[s->routes_len++] = *route;
}

void
server_route(struct server *s, const char *path, route_fn *serve, void *arg)
{
	struct route route = {
		.path = path, .serve = serve, .arg = arg, .server = s
	};

	add_route(s, &route);
}

void
server_route_post(
    struct server *s, const char *path, route_fn *serve, void *arg)
{
	struct route route = { .path = path,
		.serve = serve,
		.kind = REQUEST_POST,
		.arg = arg,
		.server = s };

	add_route(s, &route);
}

void
server_listen(struct server *s, const struct listen_socket *socket)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	int fd = socket->fd;

	l->server = s;
	l->socket = *socket;
	/* backlog 0: it listens already */
	l->accept = xnonnull(evconnlistener_new(s->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd));
	l->bound = xnonnull(evhttp_bind_listener(s->http, l->accept));
	evconnlistener_set_error_cb(l->accept, on_accept_failed);
	l->knock =
	    xnonnull(event_new(s->base, fd, EV_READ | EV_PERSIST, on_knock, l));
	(void)event_add(l->knock, NULL);
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
	return clients_count(s->clients);
}

void
server_counts(const struct server *s, server_count_fn *each, void *arg)
{
	for (size_t i = 0; i <= s->routes_len; i++) {
		const struct route *r =
		    i < s->routes_len ? &s->routes[i] : &s->other;

		for (size_t k = 0; k < REQUEST_STATUSES; k++) {
			/* a route's 200 from the start, for increases */
			if (r->counts[k] > 0 || (k == 0 && r != &s->other))
				each(r->path, request_status_code(k),
				    r->counts[k], arg);
		}
	}
}
