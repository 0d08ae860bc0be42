/*
 * The collections from one server, one at a time, over its connections
 * (memcached/links.h). A collection begins on the connection at rest, or a new
 * one. A hedge connection is tried beside one that stays silent, and one
 * command is asked at a time where several in one write got no further
 * (memcached/habits.h); the first whole answer counts.
 */
#ifndef MEMCACHED_COLLECTION_H
#define MEMCACHED_COLLECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "memcached/closing.h"
#include "memcached/connection.h"

struct collection;
struct peer;
struct plan;
struct reply;

/* What all collections share: borrowed. */
struct collection_env {
	struct connection_env connections;

	/*
	 * Called when the process is out of descriptors: closes a connection
	 * to some other server that is idle, or returns false.
	 */
	bool (*spare)(void *arg);
	void *arg;
};

/* Both are called from the loop. */
struct collection_calls {
	/* It has ended. reply is borrowed, and whole when why is NULL. */
	void (*done)(struct reply *reply, const struct error *why, void *arg);
	/* The next one may begin: after `done`, or when a stall has ended. */
	void (*ready)(void *arg);
	void *arg;
};

/* All is borrowed. */
struct collection *collection_new(struct collection_env *env,
    const struct peer *peer, const struct collection_calls *calls);

/* The reason is that of the connections' end. */
void collection_free(struct collection *c, enum close_reason reason);

/*
 * Begins, with the steps of a plan, which is borrowed; ends with the call of `done` or
 * with collection_give_up. The hedge connection comes in time for the soonest
 * deadline of those that wait, the last one is that of them all (clock_us).
 *
 * Returns false, and nothing has begun, when the server is stalled: all
 * connections that there may be are late. Then `ready` is called when one of
 * them is not any more, unless collection_give_up comes before.
 */
bool collection_start(struct collection *c, const struct plan *plan,
    uint64_t soonest_us, uint64_t deadline_us);

/* One more waits for the collection, or the next one, with this deadline. */
void collection_hurry(struct collection *c, uint64_t deadline_us);

/*
 * What has come so far (borrowed, or NULL when nothing has begun), and why not
 * more, as the error of a deadline that has passed.
 */
struct reply *collection_late(struct collection *c, struct error *why);

/* Nothing waits for it any more. */
void collection_give_up(struct collection *c);

/* Closes all connections, of one that is idle; false if there is none. */
bool collection_close(struct collection *c, enum close_reason reason);

/* When a connection was opened, as clock_us; 0 while there is none. */
uint64_t collection_connected_since(const struct collection *c);

#endif
