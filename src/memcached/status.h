/*
 * What a target's last scrape said of it, in short: for the list of targets.
 * There may be thousands, so it is small; the words of an error are there only
 * while there is one.
 */
#ifndef MEMCACHED_STATUS_H
#define MEMCACHED_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

struct reply;

enum health {
	HEALTH_UNKNOWN, /* no scrape has ended */
	HEALTH_UP,
	HEALTH_DOWN,
	HEALTHS
};

/* A share that the server did not tell. */
#define RATIO_NONE (-1.0)

struct status {
	enum health health;
	time_t since;         /* when it became that, in seconds since 1970 */
	uint64_t duration_us; /* of the last scrape */
	enum reason reason;   /* while down */
	char *error;          /* while down, for anybody; or else NULL */

	/* as of the last scrape that found it up, from 0 to 1, or none */
	double hit_ratio;    /* hits of all lookups since its start */
	double memory_ratio; /* bytes of items of the memory it may use */
};

/* The status of a target that is new. status_release frees the error. */
void status_init(struct status *s);
void status_release(struct status *s);

/* to is as good as new: nothing of it is freed. */
void status_copy(struct status *to, const struct status *from);

/*
 * A scrape has ended: with a reply whose `stats` is whole, or down. True when
 * that is news for the log, also when only the reason is another one.
 */
bool status_note(struct status *s, const struct reply *reply,
    const struct error *down, uint64_t duration_us);

/* "unknown", "up", "down" */
const char *health_name(enum health health);

#endif
