/*
 * One connection to a memcached: connects when first asked, then stays. Asks
 * `stats` sub-commands and reads their answers into a reply. Nothing blocks;
 * every ask ends with one call of the owner's function, from the loop, or with
 * connection_close.
 *
 * All commands go in one write, or one by one to a server that cannot take
 * them so: each when the one before it has been answered. A server that closes
 * the connection after it has refused a command is then connected to anew for
 * the next one. A command that was answered with an error is not asked again
 * on this connection; after SERVER_ERROR, which may pass, it is.
 */
#ifndef MEMCACHED_CONNECTION_H
#define MEMCACHED_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "memcached/ask.h"
#include "memcached/closing.h"

struct connection;
struct event_base;
struct keys;
struct peer;
struct reply;
struct resolver;

/*
 * why is NULL when all was answered. The owner may close the connection in
 * this call; after a failure it is of no other use than for its reply.
 */
typedef void connection_fn(
    struct connection *c, const struct error *why, void *arg);

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

void connection_ask(struct connection *c, const struct ask *ask);

/*
 * Nothing waits for what was asked any more: what still comes of it is read
 * and dropped, and then the owner's function is called. False, and nothing is
 * changed, when no server has accepted the connection yet.
 */
bool connection_drain(struct connection *c);

/* It can be asked (again): new, or open and at rest. */
bool connection_is_usable(const struct connection *c);

/* The last ask went to a connection that was open already. */
bool connection_was_reused(const struct connection *c);

/* A server accepted it, if only to refuse later. */
bool connection_was_reached(const struct connection *c);

/* The other machine has not acknowledged what was sent. */
bool connection_is_cut_off(const struct connection *c);

/* When it was connected, as clock_us; 0 while it is not. */
uint64_t connection_since(const struct connection *c);

/* Of the last ask: nothing has come; when something last did, or it began. */
bool connection_is_silent(const struct connection *c);
uint64_t connection_heard(const struct connection *c);

/* Of the last ask: the steps that were answered, refused ones included. */
unsigned connection_answered(const struct connection *c);

/*
 * The sub-command of `stats` that is waited for, of those that are asked one by
 * one; or 0.
 */
unsigned connection_stuck(const struct connection *c);

/* The steps that were refused, since it was opened. */
unsigned connection_refused(const struct connection *c);

/* What came since the last ask, complete or not: borrowed; or NULL. */
struct reply *connection_reply(const struct connection *c);

/* The reply has been used: gives its memory back. */
void connection_rest(struct connection *c);

/* What it is doing, as the error of a deadline that has passed. */
void connection_late(const struct connection *c, struct error *why);

#endif
