/*
 * The targets that are known, each with its connection. They are dropped when
 * they are idle, when there are too many, and after a reload.
 */
#ifndef MEMCACHED_TARGETS_H
#define MEMCACHED_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memcached/closing.h"

struct address;
struct event_base;
struct history;
struct keys;
struct modules;
struct peer;
struct status;
struct target;
struct targets;

/* Idle timeout: a target that is not scraped for so long is dropped. */
#define TARGET_IDLE_SECONDS 600

/* keys is borrowed; at most max targets are kept at a time. */
struct targets *targets_new(
    struct event_base *base, const struct keys *keys, size_t max);
/*
 * Ends all that wait, with REASON_OTHER, and takes no more. Comes before
 * targets_free, while those that wait are there.
 */
void targets_stop(struct targets *ts);
void targets_free(struct targets *ts);

/*
 * The target of a peer, which is copied; new if need be.
 * It belongs to ts, which drops it when it is idle; so ask it at once. NULL,
 * with REASON_BUSY, when there are too many and none is idle.
 */
struct target *targets_get(
    struct targets *ts, const struct peer *peer, struct error *e);

/* It turned out not to be allowed: it takes no place as soon as it is idle. */
void targets_forget(struct targets *ts, struct target *t);

/*
 * A new configuration holds from here on. Targets of modules that it shares
 * with the old one stay. Others are not found any more, and are dropped when
 * they have answered those that wait. What is known of such a target goes to
 * its successor in ms, if there is one, and room for both.
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

/*
 * A page shows a peer's target: fills entry, borrowed as for targets_each,
 * and returns its history, which begins now if need be. NULL when the target
 * is not known; looking makes none, and keeps none.
 */
struct history *targets_look(
    struct targets *ts, const struct peer *peer, struct target_entry *entry);

/* Connections opened to all of them since start. */
uint64_t targets_connects(const struct targets *ts);

/* And those of them that were closed, by reason. */
uint64_t targets_closes(const struct targets *ts, enum close_reason reason);

#endif
