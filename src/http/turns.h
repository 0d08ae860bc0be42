/*
 * Those that go on in the next turn of the event loop, in the order in which
 * they came: the others have theirs in between.
 */
#ifndef HTTP_TURNS_H
#define HTTP_TURNS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

struct event;
struct event_base;

/* A part of each that may wait for its turn. */
struct turn {
	TAILQ_ENTRY(turn) entry;
	bool waits;
};

TAILQ_HEAD(turn_list, turn);

struct turns {
	struct turn_list list;
	size_t len;
	struct event *event;
	void (*take)(struct turn *turn);
};

/* take: is called once for each that waits, from the loop, and may free it. */
void turns_init(
    struct turns *ts, struct event_base *base, void (*take)(struct turn *turn));

/* Takes all that still wait. */
void turns_release(struct turns *ts);

/* Nothing happens when it waits already, or did not. */
void turns_wait(struct turns *ts, struct turn *turn);
void turns_leave(struct turns *ts, struct turn *turn);

#endif
