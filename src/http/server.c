#include "http/server.h"

#include <sys/queue.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/clients.h"
#include "http/listener.h"

/* Descriptors that are left for targets, files and listeners. */
#define DESCRIPTORS_SPARE 64

/* It is news again when it has not happened for so long. */
#define PRESSED_US (60 * 1000000ULL)

/* evhttp's own timeout is only the last resort behind clients.h. */
#define BACKSTOP_SECONDS (2 * CLIENT_IDLE_SECONDS)

static const struct {
	int code;
	const char *phrase;
} statuses[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

struct route {
	const char *path;
	route_fn *serve;
	bool post; /* or else GET and HEAD */
	void *arg;
	uint64_t counts[nitems(statuses)];
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
	struct evhttp *http;
	struct clients *clients;
	SLIST_HEAD(, listener) listeners;
	bool accepting;
	uint64_t pressed_at; /* when descriptors last ran out */
	struct route routes[SERVER_ROUTES_MAX];
	size_t routes_len;
	struct route other; /* paths that are no route */
	void (*drained)(void *arg);
	void *drained_arg;
	struct event *drain;
};

struct request {
	struct server *server;
	struct route *route;
	struct client *client;
	struct evhttp_request *ev;
	struct evkeyvalq query; /* of evhttp */
	uint64_t arrived;
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

	accept_all(s, true);
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
	if (s->pressed_at == 0 || clock_us() - s->pressed_at > PRESSED_US)
		log_warn("Out of descriptors: the HTTP clients quiet for "
			 "longest have to go");
	s->pressed_at = clock_us();
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

	(void)base;
	return clients_add(s->clients);
}

static size_t
status_index(int code)
{
	size_t i = 0;

	while (i < nitems(statuses) - 1 && statuses[i].code != code)
		i++;
	return i;
}

static void
on_written(struct evhttp_request *ev, void *arg)
{
	struct client *c = arg;

	(void)ev;
	client_end(c);
}

static void
add_header(const struct request *r, const char *name, const char *value)
{
	(void)evhttp_add_header(
	    evhttp_request_get_output_headers(r->ev), name, value);
}

static void
free_body(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	free(arg);
}

/*
 * Writes what the socket takes now; libevent would first go through all that
 * has happened meanwhile, with the answers of a whole fleet in memory.
 */
static void
write_now(struct bufferevent *bev)
{
	struct evbuffer *out = bufferevent_get_output(bev);

	(void)evbuffer_unfreeze(out, 1);
	(void)evbuffer_write(out, bufferevent_getfd(bev));
	(void)evbuffer_freeze(out, 1);
}

/* The only end of a request: takes the body's bytes. */
static void
finish(struct request *r, int code, const char *type, struct buf *body)
{
	struct server *s = r->server;
	struct evhttp_connection *conn = evhttp_request_get_connection(r->ev);
	struct evbuffer *out = NULL;
	size_t status = status_index(code), len;
	char *bytes = buf_take(body, &len), text[24];

	r->route->counts[status]++;
	add_header(r, "Content-Type", type);
	if (evhttp_request_get_command(r->ev) == EVHTTP_REQ_HEAD) {
		(void)snprintf(text, sizeof(text), "%zu", len);
		add_header(r, "Content-Length", text);
		free(bytes);
	} else {
		out = xnonnull(evbuffer_new());
		(void)evbuffer_add_reference(out, bytes, len, free_body, bytes);
	}
	if (s->drained != NULL)
		add_header(r, "Connection", "close");
	client_answer(r->client);
	evhttp_request_set_on_complete_cb(r->ev, on_written, r->client);
	evhttp_send_reply(r->ev, code, statuses[status].phrase, out);
	if (conn != NULL)
		write_now(evhttp_connection_get_bufferevent(conn));
	if (out != NULL)
		evbuffer_free(out);
	evhttp_clear_headers(&r->query);
	free(r);
}

void
request_answer(struct request *r, const char *content_type, struct buf *body)
{
	finish(r, 200, content_type, body);
}

void
request_say(struct request *r, int code, const char *sentence)
{
	struct buf body;

	buf_init(&body, ERROR_TEXT_MAX);
	buf_add_str(&body, sentence);
	buf_add_char(&body, '\n');
	finish(r, code, "text/plain; charset=utf-8", &body);
}

uint64_t
request_arrived(const struct request *r)
{
	return r->arrived;
}

const char *
request_header(const struct request *r, const char *name)
{
	return evhttp_find_header(
	    evhttp_request_get_input_headers(r->ev), name);
}

const char *
request_query(const struct request *r, const char *name, size_t n)
{
	const struct evkeyval *kv;

	TAILQ_FOREACH (kv, &r->query, next) {
		char *key = evhttp_uridecode(kv->key, 1, NULL);
		bool same = key != NULL && strcmp(key, name) == 0;

		free(key);
		if (same && n-- == 0)
			return kv->value;
	}
	return NULL;
}

static void
parse_query(struct request *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->ev);
	const char *query = uri != NULL ? evhttp_uri_get_query(uri) : NULL;

	TAILQ_INIT(&r->query);
	/* what is no query is none */
	if (query != NULL && evhttp_parse_query_str(query, &r->query) < 0)
		TAILQ_INIT(&r->query);
}

/*
 * The path that was asked for. evhttp reads "//x" as a host; only what begins
 * with a scheme has one (RFC 9112, section 3.2).
 */
static struct span
path_of(const struct evhttp_request *ev)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
	const char *path = evhttp_request_get_uri(ev);

	if (path[0] != '/')
		path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	if (path == NULL || path[0] == '\0')
		path = "/";
	return (struct span){ path, strcspn(path, "?#") };
}

static struct route *
find_route(struct server *s, const struct evhttp_request *ev)
{
	struct span path = path_of(ev);

	for (size_t i = 0; i < s->routes_len; i++) {
		if (span_is(path, s->routes[i].path))
			return &s->routes[i];
	}
	return &s->other;
}

static bool
is_allowed(const struct route *r, enum evhttp_cmd_type method)
{
	if (r->post)
		return method == EVHTTP_REQ_POST;
	return method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD;
}

static void
on_request(struct evhttp_request *ev, void *arg)
{
	struct server *s = arg;
	struct evhttp_connection *conn = evhttp_request_get_connection(ev);
	enum evhttp_cmd_type method = evhttp_request_get_command(ev);
	struct request *r = xcalloc(1, sizeof(*r));

	r->server = s;
	r->ev = ev;
	r->arrived = clock_us();
	r->route = find_route(s, ev);
	parse_query(r);
	r->client =
	    clients_find(s->clients, evhttp_connection_get_bufferevent(conn));
	client_begin(r->client);
	if (clients_busy(s->clients) > SERVER_REQUESTS_MAX) {
		add_header(r, "Retry-After", "1");
		request_say(r, 503, "Too many requests at a time.");
	} else if (r->route == &s->other) {
		request_say(
		    r, 404, "There is nothing here; \"/\" has the links.");
	} else if (!is_allowed(r->route, method)) {
		add_header(r, "Allow", r->route->post ? "POST" : "GET, HEAD");
		request_say(r, 405,
		    r->route->post ? "Only POST is served here."
				   : "Only GET and HEAD are served here.");
	} else {
		r->route->serve(r, r->route->arg);
	}
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
server_new(struct event_base *base, size_t descriptors)
{
	struct server *s = xcalloc(1, sizeof(*s));
	size_t max = descriptors > 2 * DESCRIPTORS_SPARE
			 ? descriptors - DESCRIPTORS_SPARE
			 : DESCRIPTORS_SPARE;

	s->base = base;
	s->accepting = true;
	s->other.path = "other";
	s->clients = clients_new(
	    base, max < CLIENTS_MAX ? max : CLIENTS_MAX, on_looked, s);
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
	evhttp_free(s->http);
	clients_free(s->clients);
	event_free(s->drain);
	free(s);
}

void
server_route(struct server *s, const char *path, route_fn *serve, void *arg)
{
	s->routes[s->routes_len++] =
	    (struct route){ .path = path, .serve = serve, .arg = arg };
}

void
server_route_post(
    struct server *s, const char *path, route_fn *serve, void *arg)
{
	server_route(s, path, serve, arg);
	s->routes[s->routes_len - 1].post = true;
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

		for (size_t k = 0; k < nitems(statuses); k++) {
			/* a route's 200 from the start, for increases */
			if (r->counts[k] > 0 || (k == 0 && r != &s->other))
				each(r->path, statuses[k].code, r->counts[k],
				    arg);
		}
	}
}
