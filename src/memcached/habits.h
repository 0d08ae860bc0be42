/*
 * How a server takes commands, as far as a target has learned it. Most take
 * all of them in one write. Some drop the rest after an error, answer only the
 * first, or refuse even `stats` when more follows: these are asked one command
 * at a time, and what they refuse is not asked again, since they may close the
 * connection then; nor is what they leave without an answer.
 *
 * The first holds for an hour, the last for five minutes, and both until the
 * server was restarted, which its uptime tells: it may be another one then.
 */
#ifndef MEMCACHED_HABITS_H
#define MEMCACHED_HABITS_H

#include <stdbool.h>
#include <stdint.h>

struct reply;

#define HABITS_SECONDS 3600
#define HABITS_STUCK_SECONDS 300

struct habits {
	bool one_by_one;
	unsigned refused;  /* steps of a plan */
	uint64_t until_us; /* of clock_us */
	uint64_t uptime;   /* when last told, in seconds */
};

/* True when it is to be asked one by one. */
bool habits_one_by_one(struct habits *h, uint64_t now_us);

/*
 * It got further when asked one by one, but refused some steps; and if
 * stuck is not 0, it did not answer that one by the deadline.
 */
void habits_learn(
    struct habits *h, unsigned refused, unsigned stuck, uint64_t now_us);

/* What it said: forgets all if that shows a restart. */
void habits_note(struct habits *h, const struct reply *reply);

#endif
