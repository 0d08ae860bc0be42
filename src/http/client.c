#include "http/client.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/mem.h"
#include "http/hello.h"
#include "http/inbox.h"
#include "http/origin.h"
#include "http/tls.h"
#include "http/web.h"

/* Requests of one client that are served before others have their turn. */
#define TURN_REQUESTS_MAX 16

/*
 * An answer goes out in one write where the kernel takes it. In a crowd each
 * has a share of what a turn of the loop may write: the kernel takes megabytes
 * that no client has read, and to copy them takes a millisecond each.
 */
#define WRITE_BYTES_MAX (1U << 20)
#define WRITE_BYTES_MIN (4U << 10)
#define TURN_WRITE_BYTES_MAX (4U << 20)

/* More clients than this wait behind others with what is left of an answer. */
#define CROWD 64

/* What still comes from a client that was answered for the last time. */
#define LINGER_BYTES_MAX (4U << 20)

struct client {
	struct seat seat;
	struct client_env *env;
	unsigned holds; /* by its connection, its request and its turn */
	int fd;
	struct bufferevent *bev; /* NULL while TLS waits for the first byte */
	struct event *watch;     /* for that byte, or see watch_end */
	TAILQ_ENTRY(client) entry;
	bool is_ready; /* in env->ready */
	bool is_open;
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

static void
client_unready(struct client *c)
{
	TAILQ_REMOVE(&c->env->ready, c, entry);
	c->env->ready_len--;
	c->is_ready = false;
}

/* Goes on in the next turn of the loop. */
static void
client_go_later(struct client *c)
{
	static const struct timeval at_once = { 0, 0 };
	struct client_env *env = c->env;

	if (c->is_ready)
		return;
	c->is_ready = true;
	env->ready_len++;
	TAILQ_INSERT_TAIL(&env->ready, c, entry);
	(void)event_add(env->turn, &at_once);
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
	if (c->is_ready)
		client_unready(c);
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
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct client_env *env = arg;
	struct client *c;

	(void)fd;
	(void)what;
	/* those that come meanwhile have their turn later */
	for (size_t n = env->ready_len; n > 0; n--) {
		if ((c = TAILQ_FIRST(&env->ready)) == NULL)
			break;
		client_unready(c);
		if (c->holds > 0)
			client_go(c);
		else
			client_free(c);
	}
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

/* When one of its events is due already, it stays as it is for this time. */
static void
client_set_later(struct client *c, bool later)
{
	if (later != c->is_later &&
	    bufferevent_priority_set(
		c->bev, later ? CLIENT_PRIORITY_LATER : CLIENT_PRIORITY) == 0)
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

/* What a client may write in a turn: the others have theirs as well. */
static size_t
client_share(const struct client *c)
{
	size_t share = TURN_WRITE_BYTES_MAX / clients_busy(c->env->clients);

	if (share > WRITE_BYTES_MAX)
		return WRITE_BYTES_MAX;
	return share > WRITE_BYTES_MIN ? share : WRITE_BYTES_MIN;
}

/* Over TLS the bufferevent has to encrypt it; else it gets what is left. */
static bool
client_write(struct client *c, struct evbuffer *out)
{
	bool is_tls = web_has_tls(c->env->web) && !c->is_plain;
	size_t share = client_share(c);

	if (!is_tls &&
	    evbuffer_write_atmost(out, c->fd, (ev_ssize_t)share) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		return false;
	if (evbuffer_get_length(out) > 0) {
		(void)bufferevent_set_max_single_write(c->bev, share);
		(void)bufferevent_write_buffer(c->bev, out);
	}
	if (is_tls)
		server_tls_write(c->bev, share);
	return true;
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	(void)what;
	if (poll(&p, 1, 0) > 0)
		client_close(arg);
}

/*
 * A client whose next requests fill the buffer is not read from while it waits
 * for an answer; only its end is waited for. While nothing is written to it
 * that is edge-triggered: what it sends stays there, and an error is no end to
 * libevent. Later the writing finds errors.
 */
static void
client_watch_end(struct client *c)
{
	short when = c->seat.state == CLIENT_WORKING
			 ? EV_READ | EV_CLOSED | EV_ET | EV_PERSIST
			 : EV_CLOSED | EV_PERSIST;

	if (c->watch != NULL ||
	    evbuffer_get_length(bufferevent_get_input(c->bev)) < HEAD_BYTES_MAX)
		return;
	c->watch = xnonnull(event_new(c->env->base, c->fd, when, on_end, c));
	(void)event_add(c->watch, NULL);
}

static void
client_go_on_writing(struct client *c)
{
	client_move(c, CLIENT_ANSWERING);
	client_set_later(c, clients_busy(c->env->clients) > CROWD);
	client_watch_end(c);
}

void
client_answer(struct client *c, struct evbuffer *out)
{
	if (c->is_open && c->seat.state == CLIENT_WORKING) {
		client_unwatch(c);
		if (!client_write(c, out))
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
		if (!c->is_ready)
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

/* Takes the bufferevent, which takes the socket. */
static void
client_start(struct client *c, struct bufferevent *bev)
{
	c->bev = bev;
	bufferevent_setcb(bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(bev, EV_READ, 0, HEAD_BYTES_MAX);
	(void)bufferevent_setfd(bev, c->fd);
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static struct bufferevent *
new_plain(const struct client *c)
{
	return xnonnull(
	    bufferevent_socket_new(c->env->base, -1, BEV_OPT_CLOSE_ON_FREE));
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
		client_start(
		    c, c->is_plain ? new_plain(c) : web_accept(c->env->web));
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
		client_start(c, new_plain(c));
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
	TAILQ_INIT(&env->ready);
	env->turn = xnonnull(evtimer_new(base, on_turn, env));
}

void
client_env_release(struct client_env *env)
{
	struct client *c;

	clients_free(env->clients);
	while ((c = TAILQ_FIRST(&env->ready)) != NULL) {
		client_unready(c);
		client_free(c);
	}
	event_free(env->turn);
}
