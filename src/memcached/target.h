/*
 * A server to scrape: its persistent connection, and those who wait for what
 * it says. At most one collection is under way for a target; who comes
 * meanwhile waits, with all others who do, for the next. So nobody is given
 * what was asked for before he came.
 */
#ifndef MEMCACHED_TARGET_H
#define MEMCACHED_TARGET_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"

struct access;
struct event;
struct event_base;
struct keys;
struct modules;
struct reply;
struct status;
struct target;
struct targets;

/*
 * One who waits. The caller fills the first part, owns the struct and keeps
 * it until `done` is called, which happens once, from the loop, at the
 * deadline at the latest.
 */
struct waiter {
	unsigned sections;    /* to ask for: 1 << section */
	uint64_t deadline_us; /* of clock_us */
	/*
	 * reply is borrowed for the call, may be part of an answer, and is
	 * NULL when nothing was asked. why is NULL when all of it came.
	 */
	void (*done)(struct reply *reply, const struct error *why, void *arg);
	void *arg;

	/* the target's own */
	TAILQ_ENTRY(waiter) entry;
	struct target *target;
	struct event *late;
	uint64_t came_us;
	bool asking;
};

/* Targets that are kept at a time, with their connections. */
#define TARGETS_MAX 16384

/* For how long a target is kept that nobody asks. */
#define TARGET_IDLE_SECONDS 600

/*
 * The targets that are known, and their connections. keys is borrowed.
 */
struct targets *targets_new(struct event_base *base, const struct keys *keys);
/*
 * Ends all that wait, with REASON_OTHER, and takes no more. Comes before
 * targets_free, while those that wait are there.
 */
void targets_stop(struct targets *ts);
void targets_free(struct targets *ts);

/*
 * The target of an address and an access, which is borrowed; new if need be.
 * It connects when first asked. It belongs to ts, which drops it when it is
 * idle; so ask it at once. NULL, with REASON_BUSY, when there are too many and
 * none is idle.
 */
struct target *targets_get(struct targets *ts, const struct address *address,
    const struct access *access, struct error *e);

/*
 * A new configuration holds from here on: nobody gets an old target any more,
 * and those that are being asked go when they have answered. What is known of
 * a target goes to its successor in ms, if there is one.
 */
void targets_reload(struct targets *ts, const struct modules *ms);

size_t targets_count(const struct targets *ts);

/* One of those that are known; borrowed for the call. */
struct target_entry {
	const struct address *address;
	const char *module; /* "": --memcached.address, as the flags say */
	const struct status *status;
	bool is_connected;
	uint64_t connected_us; /* for so long */
};

typedef void target_fn(const struct target_entry *entry, void *arg);

/* All that are known: first those that are down, each part by address. */
void targets_each(const struct targets *ts, target_fn *each, void *arg);

/* Connections opened to all of them since start. */
uint64_t targets_connects(const struct targets *ts);

void target_ask(struct target *t, struct waiter *w);
const struct address *target_address(const struct target *t);

/* What is known of it, to note how a scrape went. */
struct status *target_status(struct target *t);

#endif
