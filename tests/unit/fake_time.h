/*
 * Time that stands still until a test moves it, and timers that fire at their
 * microsecond: in place of base/clock.c and of libevent, which the objects
 * under test then do not reach.
 */
#ifndef FAKE_TIME_H
#define FAKE_TIME_H

#include <sys/queue.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"

#define START_US 1000000

/* Timers while the clock is moved once; more is a loop without a rest. */
#define FIRED_MAX 10000

static uint64_t now_us = START_US;

struct fake_timer {
	TAILQ_ENTRY(fake_timer) entry;
	event_callback_fn call;
	void *arg;
	bool pending;
	uint64_t at;
};

static TAILQ_HEAD(, fake_timer) timers = TAILQ_HEAD_INITIALIZER(timers);

uint64_t
clock_us(void)
{
	return now_us;
}

struct timeval
clock_until(uint64_t us)
{
	uint64_t left = us > now_us ? us - now_us : 0;

	return (struct timeval){ .tv_sec = (time_t)(left / 1000000),
		.tv_usec = (suseconds_t)(left % 1000000) };
}

static struct fake_timer *
timer_of(const struct event *ev)
{
	union {
		const struct event *ev;
		struct fake_timer *timer;
	} u = { .ev = ev };

	return u.timer;
}

struct event *
event_new(struct event_base *base, evutil_socket_t fd, short what,
    event_callback_fn call, void *arg)
{
	struct fake_timer *timer = calloc(1, sizeof(*timer));

	(void)base;
	(void)fd;
	(void)what;
	timer->call = call;
	timer->arg = arg;
	TAILQ_INSERT_TAIL(&timers, timer, entry);
	return (struct event *)(void *)timer;
}

int
event_add(struct event *ev, const struct timeval *left)
{
	struct fake_timer *timer = timer_of(ev);

	timer->pending = true;
	timer->at =
	    now_us + (uint64_t)left->tv_sec * 1000000 + (uint64_t)left->tv_usec;
	return 0;
}

/* In the loop's next turn. */
void
event_active(struct event *ev, int what, short calls)
{
	(void)what;
	(void)calls;
	timer_of(ev)->pending = true;
	timer_of(ev)->at = now_us;
}

int
event_del(struct event *ev)
{
	timer_of(ev)->pending = false;
	return 0;
}

int
event_pending(const struct event *ev, short what, struct timeval *left)
{
	(void)left;
	return timer_of(ev)->pending ? what : 0;
}

void
event_free(struct event *ev)
{
	struct fake_timer *timer = timer_of(ev);

	TAILQ_REMOVE(&timers, timer, entry);
	free(timer);
}

/* The pending timer that is due first, by a moment; or NULL. */
static struct fake_timer *
timer_due(uint64_t at)
{
	struct fake_timer *timer, *first = NULL;

	TAILQ_FOREACH (timer, &timers, entry) {
		if (timer->pending && timer->at <= at &&
		    (first == NULL || timer->at < first->at))
			first = timer;
	}
	return first;
}

/* Moves the clock, and fires on the way what is due. */
static void
pass(uint64_t us)
{
	uint64_t until = now_us + us;
	struct fake_timer *timer;
	unsigned fired = 0;

	while ((timer = timer_due(until)) != NULL) {
		assert(fired++ < FIRED_MAX);
		if (timer->at > now_us)
			now_us = timer->at;
		timer->pending = false;
		timer->call(-1, EV_TIMEOUT, timer->arg);
	}
	now_us = until;
}

#endif
