#include "http/clients.h"

#include <malloc.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"

#define US_PER_S 1000000ULL

/* Clients of a state that are closed before others have their turn. */
#define TURN_CLOSES_MAX 64

/* When so many have left, their memory is worth giving back. */
#define CROWD 100

TAILQ_HEAD(seats, seat);

struct clients {
	size_t max;
	void (*close)(struct seat *seat);
	void (*left)(void *arg);
	void *arg;
	struct seats seats[CLIENT_STATES]; /* the last to change at the end */
	size_t counts[CLIENT_STATES];
	size_t len;
	size_t gone; /* since memory was given back */
	struct event *timer;
	uint64_t timer_at; /* 0: not set */
};

/* How long each may last; 0: as long as it takes. */
static const uint64_t limits[] = {
	[CLIENT_SURPLUS] = US_PER_S / 10,
	[CLIENT_READING] = CLIENT_HEADER_SECONDS * US_PER_S,
	[CLIENT_WORKING] = 0,
	[CLIENT_ANSWERING] = CLIENT_ANSWER_SECONDS * US_PER_S,
	[CLIENT_IDLE] = CLIENT_IDLE_SECONDS * US_PER_S,
	[CLIENT_LINGERING] = 2 * US_PER_S,
};
_Static_assert(nitems(limits) == CLIENT_STATES, "a limit for each");

static void
set_timer(struct clients *cs, uint64_t at)
{
	struct timeval tv = clock_until(at);

	if (cs->timer_at != 0 && cs->timer_at <= at)
		return;
	cs->timer_at = at;
	(void)event_add(cs->timer, &tv);
}

static void
enter(struct clients *cs, struct seat *seat, enum client_state state)
{
	seat->state = state;
	seat->since = clock_us();
	cs->counts[state]++;
	TAILQ_INSERT_TAIL(&cs->seats[state], seat, entry);
	if (limits[state] > 0)
		set_timer(cs, seat->since + limits[state]);
}

static void
quit(struct clients *cs, struct seat *seat)
{
	TAILQ_REMOVE(&cs->seats[seat->state], seat, entry);
	cs->counts[seat->state]--;
}

void
clients_move(struct clients *cs, struct seat *seat, enum client_state to)
{
	quit(cs, seat);
	enter(cs, seat, to);
}

/* Closes those of a state whose time is up; when the next one's will be. */
static void
expire(struct clients *cs, enum client_state state, uint64_t now)
{
	struct seat *seat;
	size_t n = 0;

	while ((seat = TAILQ_FIRST(&cs->seats[state])) != NULL &&
	       n++ < TURN_CLOSES_MAX && seat->since + limits[state] <= now)
		cs->close(seat);
	if (seat != NULL)
		set_timer(cs, seat->since + limits[state]);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct clients *cs = arg;
	uint64_t now = clock_us();

	(void)fd;
	(void)what;
	cs->timer_at = 0;
	for (unsigned i = 0; i < CLIENT_STATES; i++) {
		if (limits[i] > 0)
			expire(cs, (enum client_state)i, now);
	}
	/* those that have left make holes all over the heap */
	if (cs->gone >= CROWD)
		(void)malloc_trim(0);
	cs->gone = 0;
}

struct clients *
clients_new(struct event_base *base, size_t max,
    void (*close)(struct seat *seat), void (*left)(void *arg), void *arg)
{
	struct clients *cs = xcalloc(1, sizeof(*cs));

	cs->max = max;
	cs->close = close;
	cs->left = left;
	cs->arg = arg;
	cs->timer = xnonnull(evtimer_new(base, on_timer, cs));
	for (size_t i = 0; i < CLIENT_STATES; i++)
		TAILQ_INIT(&cs->seats[i]);
	return cs;
}

void
clients_free(struct clients *cs)
{
	struct seat *seat;

	if (cs == NULL)
		return;
	for (size_t i = 0; i < CLIENT_STATES; i++) {
		while ((seat = TAILQ_FIRST(&cs->seats[i])) != NULL)
			cs->close(seat);
	}
	event_free(cs->timer);
	free(cs);
}

/* Which is closed first: one that lingers, else the one idle for longest. */
static struct seat *
find_quiet(const struct clients *cs)
{
	struct seat *lingering = TAILQ_FIRST(&cs->seats[CLIENT_LINGERING]);
	struct seat *idle = TAILQ_FIRST(&cs->seats[CLIENT_IDLE]);
	struct seat *reading = TAILQ_FIRST(&cs->seats[CLIENT_READING]);

	if (lingering != NULL)
		return lingering;
	if (idle == NULL || (reading != NULL && reading->since < idle->since))
		return reading;
	return idle;
}

size_t
clients_evict(struct clients *cs, size_t n)
{
	struct seat *seat;
	size_t evicted = 0;

	while (evicted < n && evicted < TURN_CLOSES_MAX &&
	       (seat = find_quiet(cs)) != NULL) {
		cs->close(seat);
		evicted++;
	}
	return evicted;
}

void
clients_join(struct clients *cs, struct seat *seat)
{
	bool fits = cs->len - cs->counts[CLIENT_SURPLUS] < cs->max ||
		    clients_evict(cs, 1) > 0;

	cs->len++;
	enter(cs, seat, fits ? CLIENT_READING : CLIENT_SURPLUS);
}

void
clients_leave(struct clients *cs, struct seat *seat)
{
	quit(cs, seat);
	cs->len--;
	if (++cs->gone == CROWD)
		set_timer(cs, clock_us() + US_PER_S);
	cs->left(cs->arg);
}

bool
clients_are_full(const struct clients *cs)
{
	return cs->len >= cs->max + CLIENTS_SURPLUS_MAX;
}

size_t
clients_count(const struct clients *cs)
{
	return cs->len;
}

size_t
clients_busy(const struct clients *cs)
{
	return cs->counts[CLIENT_WORKING] + cs->counts[CLIENT_ANSWERING];
}
