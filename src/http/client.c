#include "http/client.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/mem.h"
#include "http/crowd.h"
#include "http/hangup.h"
#include "http/hello.h"
#include "http/inbox.h"
#include "http/origin.h"
#include "http/tls.h"
#include "http/web.h"

/* Requests of one client that are served before others have their turn. */
#define TURN_REQUESTS_MAX 16

/* What still comes from a client that was answered for the last time. */
#define LINGER_BYTES_MAX (4U << 20)

struct client {
	struct seat seat;
	struct client_env *env;
	unsigned holds; /* by its connection, its request and its turn */
	int fd;
	struct bufferevent *bev; /* NULL while TLS waits for the first byte */
	struct event *watch;     /* for that byte, or see watch_end */
	struct turn turn;        /* to read more, or to be freed */
	bool is_open;
	bool is_tls;
	bool is_plain; /* of a server with TLS */
	bool has_turn;
	bool is_later;   /* its events wait behind those of others */
	bool is_surplus; /* this and what follows: about the request */
	bool is_last;
	enum head_fault fault;
	struct head head;
	struct inbox inbox;
	size_t lingered; /* bytes read since the last answer */
};

static struct client *
client_of(struct seat *seat)
{
	return (struct client *)((char *)seat - offsetof(struct client, seat));
}

static void
client_unwatch(struct client *c)
{
	if (c->watch != NULL)
		event_free(c->watch);
	c->watch = NULL;
}

/* Goes on in the next turn of the loop. */
static void
client_go_later(struct client *c)
{
	turns_wait(&c->env->turns, &c->turn);
}

/* It is freed in a turn of its own: no callback has to fear for it. */
static void
client_release(struct client *c)
{
	if (--c->holds == 0)
		client_go_later(c);
}

/* The end of the connection; the client lives on until its request ends. */
static void
client_close(struct client *c)
{
	if (!c->is_open)
		return;
	c->is_open = false;
	client_unwatch(c);
	if (c->bev != NULL) {
		server_tls_say_end(c->bev);
		bufferevent_free(c->bev);
	} else
		(void)close(c->fd);
	turns_leave(&c->env->turns, &c->turn);
	clients_leave(c->env->clients, &c->seat);
	client_release(c);
}

static void
on_expired(struct seat *seat)
{
	client_close(client_of(seat));
}

static void
client_move(struct client *c, enum client_state state)
{
	if (c->seat.state != state)
		clients_move(c->env->clients, &c->seat, state);
}

static bool
client_is_quiet(const struct client *c)
{
	return c->seat.state == CLIENT_READING ||
	       c->seat.state == CLIENT_IDLE || c->seat.state == CLIENT_SURPLUS;
}

static bool
client_has_input(const struct client *c)
{
	return !inbox_is_empty(&c->inbox) ||
	       evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
}

static bool
client_has_output(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev)) > 0;
}

/* Hands the next request on; false when there is none for now. */
static bool
client_serve(struct client *c)
{
	if (!c->is_open || !client_is_quiet(c))
		return false;
	c->fault =
	    inbox_read(&c->inbox, bufferevent_get_input(c->bev), &c->head);
	if (c->fault == HEAD_PARTIAL) {
		if (inbox_is_empty(&c->inbox))
			inbox_clear(&c->inbox);
		else if (c->seat.state == CLIENT_IDLE)
			client_move(c, CLIENT_READING);
		return false;
	}
	if (c->fault == HEAD_FINE && c->is_plain) {
		c->fault = HEAD_NOT_TLS;
		/* the sentence is for a HEAD, too, as Go's server has it */
		c->head.method = span_of("GET");
	}
	if (!web_holds(c->env->web, c->bev)) {
		client_close(c);
		return false;
	}
	c->is_surplus = c->seat.state == CLIENT_SURPLUS;
	c->is_last = c->fault != HEAD_FINE || !c->head.keeps_alive;
	c->holds++;
	client_move(c, CLIENT_WORKING);
	c->env->request(c, c->env->arg);
	return true;
}

static void
client_go(struct client *c)
{
	unsigned n = 0;

	c->holds++;
	c->has_turn = true;
	while (n < TURN_REQUESTS_MAX && client_serve(c))
		n++;
	c->has_turn = false;
	if (n == TURN_REQUESTS_MAX && c->is_open && client_is_quiet(c) &&
	    client_has_input(c))
		client_go_later(c);
	client_release(c);
}

static void
client_free(struct client *c)
{
	inbox_clear(&c->inbox);
	free(c);
}

static void
on_turn(struct turn *turn)
{
	struct client *c =
	    (struct client *)((char *)turn - offsetof(struct client, turn));

	if (c->holds > 0)
		client_go(c);
	else
		client_free(c);
}

/*
 * Nothing more will be answered. To close a socket with bytes that were not
 * read is to reset it, and the client might lose the answer; so they are read
 * (RFC 9112, section 9.6).
 */
static void
client_end(struct client *c)
{
	struct evbuffer *input = bufferevent_get_input(c->bev);

	server_tls_say_end(c->bev);
	if (c->fault == HEAD_FINE && !client_has_input(c)) {
		client_close(c);
		return;
	}
	inbox_clear(&c->inbox);
	(void)evbuffer_drain(input, evbuffer_get_length(input));
	(void)shutdown(c->fd, SHUT_WR);
	client_move(c, CLIENT_LINGERING);
}

static void
client_set_later(struct client *c, bool later)
{
	if (later != c->is_later && crowd_set_later(c->bev, later))
		c->is_later = later;
}

/* The answer has been written. */
static void
client_answered(struct client *c)
{
	client_set_later(c, false);
	if (c->fault == HEAD_FINE)
		inbox_drop(&c->inbox, c->head.len);
	if (c->is_last) {
		client_end(c);
		return;
	}
	client_move(c, CLIENT_IDLE);
	if (c->has_turn)
		return;
	if (client_has_input(c))
		client_go_later(c);
	else
		inbox_clear(&c->inbox);
}

static void
on_hangup(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	if (hangup_has_come(fd))
		client_close(arg);
}

/*
 * A client whose next requests fill the buffer is not read from while it waits
 * for an answer; only its end is waited for.
 */
static void
client_watch_end(struct client *c)
{
	if (c->watch != NULL ||
	    evbuffer_get_length(bufferevent_get_input(c->bev)) < HEAD_BYTES_MAX)
		return;
	c->watch = hangup_watch(
	    c->env->base, c->fd, c->seat.state != CLIENT_WORKING, on_hangup, c);
}

static void
client_go_on_writing(struct client *c)
{
	client_move(c, CLIENT_ANSWERING);
	client_set_later(c, crowd_is_there(clients_busy(c->env->clients)));
	client_watch_end(c);
}

void
client_answer(struct client *c, struct evbuffer *out)
{
	if (c->is_open && c->seat.state == CLIENT_WORKING) {
		client_unwatch(c);
		if (crowd_write(&c->env->crowd, c->bev, c->fd, c->is_tls, out,
			clients_busy(c->env->clients)) < 0)
			client_close(c);
		else if (client_has_output(c))
			client_go_on_writing(c);
		else
			client_answered(c);
	}
	(void)evbuffer_drain(out, evbuffer_get_length(out));
	client_release(c);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct evbuffer *input = bufferevent_get_input(bev);

	if (client_is_quiet(c)) {
		/* one that has to wait for its turn does */
		if (!c->turn.waits)
			client_go(c);
	} else if (c->seat.state == CLIENT_LINGERING) {
		c->lingered += evbuffer_get_length(input);
		(void)evbuffer_drain(input, evbuffer_get_length(input));
		if (c->lingered > LINGER_BYTES_MAX)
			client_close(c);
	} else {
		client_watch_end(c);
	}
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (c->seat.state != CLIENT_ANSWERING || client_has_output(c))
		return;
	client_unwatch(c);
	client_answered(c);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	if (what & BEV_EVENT_ERROR)
		server_tls_failed(bev);
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		client_close(arg);
}

/* The bufferevent takes the socket. */
static void
client_start(struct client *c, bool is_tls)
{
	struct bufferevent *bev =
	    is_tls ? web_accept(c->env->web)
		   : xnonnull(bufferevent_socket_new(
			 c->env->base, -1, BEV_OPT_CLOSE_ON_FREE));

	c->is_tls = is_tls;
	c->bev = bev;
	bufferevent_setcb(bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(bev, EV_READ, 0, HEAD_BYTES_MAX);
	(void)bufferevent_setfd(bev, c->fd);
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void
on_first_byte(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	enum hello hello = hello_of(fd);

	(void)what;
	if (hello == HELLO_NONE)
		return;
	client_unwatch(c);
	c->is_plain = hello == HELLO_HTTP;
	if (hello == HELLO_END)
		client_close(c);
	else
		client_start(c, !c->is_plain);
}

void
client_accept(struct client_env *env, int fd)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->fd = fd;
	c->holds = 1;
	c->is_open = true;
	clients_join(env->clients, &c->seat);
	if (!web_has_tls(env->web)) {
		client_start(c, false);
		return;
	}
	c->watch = xnonnull(
	    event_new(env->base, fd, EV_READ | EV_PERSIST, on_first_byte, c));
	(void)event_add(c->watch, NULL);
}

const struct head *
client_head(const struct client *c)
{
	return &c->head;
}

enum head_fault
client_fault(const struct client *c)
{
	return c->fault;
}

bool
client_is_surplus(const struct client *c)
{
	return c->is_surplus;
}

bool
client_is_open(const struct client *c)
{
	return c->is_open;
}

uint64_t
client_origin(const struct client *c)
{
	return origin_of(c->fd);
}

void
client_set_last(struct client *c)
{
	c->is_last = true;
}

bool
client_is_last(const struct client *c)
{
	return c->is_last;
}

void
client_env_init(struct client_env *env, struct event_base *base,
    struct web *web, size_t max, void (*request)(struct client *c, void *arg),
    void (*left)(void *arg), void *arg)
{
	env->base = base;
	env->web = web;
	env->clients = clients_new(base, max, on_expired, left, arg);
	env->request = request;
	env->arg = arg;
	turns_init(&env->turns, base, on_turn);
}

void
client_env_release(struct client_env *env)
{
	clients_free(env->clients);
	turns_release(&env->turns);
}
