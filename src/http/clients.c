#include "http/clients.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"

#define US_PER_S 1000000ULL

/* No request is longer, so nobody may make us buffer more. */
#define READ_AHEAD_MAX (32U << 10)

/* An answer goes out in one write where the kernel takes it. */
#define WRITE_BYTES_MAX (1U << 20)

/* When so many have gone at once, their memory is worth giving back. */
#define CROWD 100

/* How soon to look when there is no room. */
#define SOON_US 20000

TAILQ_HEAD(client_list, client);

enum state {
	STATE_READING,   /* a request's header */
	STATE_WORKING,   /* on its answer; the scrape has a deadline */
	STATE_ANSWERING, /* the client reads it */
	STATE_IDLE
};

struct client {
	TAILQ_ENTRY(client) entry;
	struct clients *all;
	struct bufferevent *bev;
	enum state state;
	uint64_t deadline;
	size_t received; /* of the request that is being read */
	bool foreign;    /* evhttp speaks, and it has been told */
	bool is_leaving; /* hung up by us, or soon to be */
};

struct clients {
	size_t max;
	void (*looked)(void *arg);
	void (*foreign)(struct client *c, void *arg);
	void *arg;
	struct client_list list; /* the last to do something at the end */
	size_t len;
	size_t leaving; /* of them */
	size_t busy;
	struct event *look;
	bool looks_soon;
	bool crowd_left; /* at the last look */
};

static bool
is_busy(const struct client *c)
{
	return c->state == STATE_WORKING || c->state == STATE_ANSWERING;
}

static void
set_state(struct client *c, enum state state)
{
	static const uint64_t seconds[] = {
		[STATE_READING] = CLIENT_HEADER_SECONDS,
		[STATE_WORKING] = CLIENT_IDLE_SECONDS,
		[STATE_ANSWERING] = CLIENT_ANSWER_SECONDS,
		[STATE_IDLE] = CLIENT_IDLE_SECONDS,
	};

	c->all->busy -= is_busy(c);
	c->state = state;
	c->all->busy += is_busy(c);
	c->deadline = clock_us() + seconds[state] * US_PER_S;
	TAILQ_REMOVE(&c->all->list, c, entry);
	TAILQ_INSERT_TAIL(&c->all->list, c, entry);
}

static void
remove_client(struct client *c)
{
	struct clients *cs = c->all;

	TAILQ_REMOVE(&cs->list, c, entry);
	cs->len--;
	cs->leaving -= c->is_leaving;
	cs->busy -= is_busy(c);
	bufferevent_decref(c->bev);
	free(c);
}

/*
 * bufferevent_free takes the callbacks off; evhttp itself has always one for
 * events (but none for reading while it writes).
 */
static bool
was_let_go(const struct client *c)
{
	bufferevent_event_cb event;

	bufferevent_getcb(c->bev, NULL, NULL, &event, NULL);
	return event == NULL;
}

static void
set_leaving(struct client *c)
{
	c->all->leaving += !c->is_leaving;
	c->is_leaving = true;
}

void
client_hang_up(struct client *c)
{
	set_leaving(c);
	(void)shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
}

static void
look_in(struct clients *cs, uint64_t us)
{
	struct timeval tv = { (time_t)(us / US_PER_S),
		(suseconds_t)(us % US_PER_S) };

	(void)event_add(cs->look, &tv);
}

static void
look_soon(struct clients *cs)
{
	/* not again and again: that would put it off for ever */
	if (!cs->looks_soon)
		look_in(cs, SOON_US);
	cs->looks_soon = true;
}

/* Closes those that evhttp has let go; how many that were. */
static size_t
remove_gone(struct clients *cs)
{
	struct client *c = TAILQ_FIRST(&cs->list), *next;
	size_t gone = 0;

	for (; c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (!was_let_go(c))
			continue;
		remove_client(c);
		gone++;
	}
	return gone;
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct clients *cs = arg;
	uint64_t now = clock_us();
	size_t gone = remove_gone(cs);
	struct client *c;

	(void)fd;
	(void)what;
	cs->looks_soon = false;
	TAILQ_FOREACH (c, &cs->list, entry) {
		if (now > c->deadline)
			client_hang_up(c);
	}

	cs->looked(cs->arg);
	/* libevent frees them after this; they leave holes all over the heap */
	if (cs->crowd_left)
		(void)malloc_trim(0);
	cs->crowd_left = gone >= CROWD;
	if (cs->leaving > 0)
		look_soon(cs);
	else if (cs->len > 0 || cs->crowd_left)
		look_in(cs, US_PER_S);
}

static void
on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct client *c = arg;

	(void)in;
	if (info->n_added > 0 && c->state == STATE_IDLE)
		set_state(c, STATE_READING);
	c->received += info->n_added;
}

/* Who has not been answered is written to: that is evhttp by itself. */
static void
on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *arg)
{
	struct client *c = arg;

	(void)out;
	if (info->n_added == 0 || c->state == STATE_ANSWERING || c->foreign)
		return;
	c->foreign = true; /* what is written now is known */
	c->all->foreign(c, c->all->arg);
	c->foreign = false;
}

struct clients *
clients_new(struct event_base *base, size_t max, void (*looked)(void *arg),
    void (*foreign)(struct client *c, void *arg), void *arg)
{
	struct clients *cs = xcalloc(1, sizeof(*cs));

	cs->max = max;
	cs->looked = looked;
	cs->foreign = foreign;
	cs->arg = arg;
	cs->look = xnonnull(evtimer_new(base, on_look, cs));
	TAILQ_INIT(&cs->list);
	return cs;
}

void
clients_free(struct clients *cs)
{
	struct client *c;

	if (cs == NULL)
		return;
	while ((c = TAILQ_FIRST(&cs->list)) != NULL)
		remove_client(c);
	event_free(cs->look);
	free(cs);
}

/* Hangs up the n that were quiet for longest; how many that were. */
static size_t
send_away(struct clients *cs, size_t n)
{
	struct client *c;
	size_t sent = 0;

	TAILQ_FOREACH (c, &cs->list, entry) {
		if (sent == n)
			break;
		if (is_busy(c) || c->is_leaving)
			continue;
		client_hang_up(c);
		sent++;
	}
	look_soon(cs);
	return sent;
}

/* There is, or somebody goes for it. */
static bool
has_room(struct clients *cs)
{
	if (cs->len >= cs->max)
		(void)remove_gone(cs);
	return cs->len - cs->leaving < cs->max || send_away(cs, 1) > 0;
}

bool
clients_add(struct clients *cs, struct bufferevent *bev)
{
	struct client *c = xcalloc(1, sizeof(*c));
	/* before it is one of them: it cannot be the one that goes */
	bool stays = has_room(cs);

	c->all = cs;
	c->bev = bev;
	bufferevent_incref(c->bev);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_AHEAD_MAX);
	(void)bufferevent_set_max_single_write(c->bev, WRITE_BYTES_MAX);
	(void)xnonnull(
	    evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c));
	(void)xnonnull(
	    evbuffer_add_cb(bufferevent_get_output(c->bev), on_output, c));
	TAILQ_INSERT_TAIL(&cs->list, c, entry);
	set_state(c, STATE_READING);
	if (!stays) {
		set_leaving(c);
		c->deadline = clock_us() + SOON_US;
	}
	if (cs->len++ == 0)
		look_in(cs, US_PER_S);
	return stays;
}

struct client *
clients_find(const struct clients *cs, const struct bufferevent *bev)
{
	struct client *c;

	/* who sends a request has just done something */
	TAILQ_FOREACH_REVERSE(c, &cs->list, client_list, entry)
	{
		if (c->bev == bev)
			return c;
	}
	return NULL;
}

void
client_begin(struct client *c)
{
	set_state(c, STATE_WORKING);
}

void
client_answer(struct client *c)
{
	set_state(c, STATE_ANSWERING);
}

void
client_end(struct client *c)
{
	c->received = evbuffer_get_length(bufferevent_get_input(c->bev));
	set_state(c, c->received > 0 ? STATE_READING : STATE_IDLE);
}

bool
client_is_leaving(const struct client *c)
{
	return c->is_leaving;
}

struct evbuffer *
client_output(const struct client *c)
{
	return bufferevent_get_output(c->bev);
}

size_t
client_received(const struct client *c)
{
	return c->received;
}

size_t
clients_count(const struct clients *cs)
{
	return cs->len;
}

bool
clients_are_full(const struct clients *cs)
{
	return cs->len >= cs->max + CLIENTS_SURPLUS_MAX;
}

size_t
clients_busy(const struct clients *cs)
{
	return cs->busy;
}

void
clients_make_room(struct clients *cs, size_t n)
{
	(void)remove_gone(cs);
	(void)send_away(cs, n);
}
