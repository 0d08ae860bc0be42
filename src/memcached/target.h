/*
 * A server to scrape: its persistent connection, and the requests that wait
 * for its answer. At most one collection is under way for a target; requests
 * that come meanwhile wait together for the next one. So none is given an
 * answer that was asked for before it came.
 */
#ifndef MEMCACHED_TARGET_H
#define MEMCACHED_TARGET_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "memcached/closing.h"

struct address;
struct collection_env;
struct event;
struct history;
struct peer;
struct plan;
struct reply;
struct status;
struct target;

/*
 * How a collection ended. Waiters that end together are given the same one
 * after the other, so that the first can make what the others use as well.
 */
struct outcome {
	/*
	 * Borrowed for the call; may be part of an answer, and is NULL when
	 * nothing was asked. why is NULL when all of it came.
	 */
	struct reply *reply;
	const struct error *why;
	uint64_t at_us; /* when it ended, of clock_us */

	/* the waiters' own, released after the last of them */
	void *shared;
	void (*release)(void *shared);
};

/*
 * One request that waits. The caller fills the first part, owns the struct and
 * keeps it until `done` is called, which happens once, from the loop, at the
 * deadline at the latest.
 */
struct waiter {
	const struct plan *plan; /* what to ask, borrowed */
	uint64_t deadline_us;    /* of clock_us */
	void (*done)(struct outcome *outcome, void *arg);
	void *arg;

	/* the target's own */
	TAILQ_ENTRY(waiter) entry;
	struct target *target;
	struct event *late;
	uint64_t came_us;
	bool asking;
};

/*
 * peer is copied, with a hold on what owns its access; env is borrowed, all
 * targets share it.
 */
struct target *target_new(struct collection_env *env, const struct peer *peer);

/*
 * Nothing waits for it any more: it is idle, or was stopped. The reason is
 * that of its connection's end.
 */
void target_free(struct target *t, enum close_reason reason);

/* Connects when first asked. */
void target_ask(struct target *t, struct waiter *w);

/* Ends all that wait, with REASON_OTHER; nothing new begins afterwards. */
void target_stop(struct target *t);

/* A collection is under way, or waited for. */
bool target_is_busy(const struct target *t);

/* Closes its connections if it is idle and has one; or returns false. */
bool target_spare(struct target *t);

/* When its connection was opened, as clock_us; 0 while there is none. */
uint64_t target_connected_since(const struct target *t);

const struct peer *target_peer(const struct target *t);
const struct address *target_address(const struct target *t);

/*
 * Whether a client that is no operator may not know why it failed. Rules that
 * are networks let a name through when it has an address in them: a name
 * without one and a name that is not there get the same answer, or else it
 * would tell which names there are. One that has been scraped is no secret.
 */
bool target_is_hidden(const struct target *t, const struct error *why);
void target_hide(struct error *why); /* that answer */

/* What is known of it, to note how a scrape went. */
struct status *target_status(struct target *t);

/* Where its history is, while it has one (memcached/history.h). */
struct history **target_history(struct target *t);

#endif
