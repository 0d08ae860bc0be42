/*
 * One connection to a memcached: connects when first asked, then stays. Asks
 * `stats` sub-commands in one write and reads their answers into a reply.
 * Nothing blocks; every ask ends with one call of the owner's function, from
 * the loop, or with connection_close.
 */
#ifndef MEMCACHED_CONNECTION_H
#define MEMCACHED_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct connection;
struct event_base;
struct keys;
struct peer;
struct reply;
struct resolver;

/*
 * why is NULL when all was answered. The owner may close the connection in
 * this call; after a failure it is of no other use.
 */
typedef void connection_fn(
    struct connection *c, const struct error *why, void *arg);

/* Why a connection that had been opened was closed. */
enum close_reason {
	CLOSE_SERVER,      /* the server closed it, or the network failed */
	CLOSE_UNASKED,     /* the server said what was not asked */
	CLOSE_BAD_ANSWER,  /* the answer was of no use: REASON_PROTOCOL, … */
	CLOSE_TIMEOUT,     /* a deadline passed */
	CLOSE_HEDGE,       /* another connection answered first */
	CLOSE_IDLE,        /* the target was not scraped any more */
	CLOSE_LIMIT,       /* the target gave way to another one */
	CLOSE_DESCRIPTORS, /* the process had run out of descriptors */
	CLOSE_RELOAD,      /* a new configuration */
	CLOSE_SHUTDOWN,
	CLOSE_REASONS
};

/* The label value: "server", "unasked", … */
const char *close_reason_name(enum close_reason reason);

/* What all connections share. This and the rest is borrowed. */
struct connection_env {
	struct event_base *base;
	struct resolver *resolver;
	const struct keys *keys;

	uint64_t opened;                /* counts those that have connected */
	uint64_t closed[CLOSE_REASONS]; /* and those of them that ended */
};

struct connection *connection_new(struct connection_env *env,
    const struct peer *peer, connection_fn *done, void *arg);

/*
 * The end of a connection; NULL is none. The reason is counted and told in the
 * log (debug), unless it had come to its end before for another one.
 */
void connection_close(struct connection *c, enum close_reason reason);

/*
 * Asks a set of sections (1 << section). The deadline (clock_us) only shares
 * out the time among the addresses of a name; the owner keeps the deadline.
 */
void connection_ask(
    struct connection *c, unsigned sections, uint64_t deadline_us);

/* It can be asked (again): new, or open and at rest. */
bool connection_is_usable(const struct connection *c);

/* The last ask went to a connection that was open already. */
bool connection_was_reused(const struct connection *c);

/* A server accepted it, if only to refuse later. */
bool connection_was_reached(const struct connection *c);

/* When it was connected, as clock_us; 0 while it is not. */
uint64_t connection_since(const struct connection *c);

/* Nothing has come since the last ask. */
bool connection_is_silent(const struct connection *c);

/* What came since the last ask, complete or not: borrowed; or NULL. */
struct reply *connection_reply(const struct connection *c);

/* The reply has been used: gives its memory back. */
void connection_rest(struct connection *c);

/* What it is doing, as the error of a deadline that has passed. */
void connection_late(const struct connection *c, struct error *why);

#endif
