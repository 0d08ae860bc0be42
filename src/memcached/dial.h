/*
 * The way to a server: looks its name up, tries the addresses in turn, shakes
 * hands in TLS. It has one outcome, and its memory is gone afterwards.
 */
#ifndef MEMCACHED_DIAL_H
#define MEMCACHED_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"

struct bufferevent;
struct dial;
struct event_base;
struct peer;
struct resolver;

/* "name (address)", with its NUL. */
#define PLACE_TEXT_MAX (2 * ADDRESS_TEXT_MAX + 8)

/*
 * The outcome, from the loop. On success bev is connected and belongs to the
 * callee, place (borrowed) says where to, and why is NULL; on failure both are
 * NULL. The dial is gone after the call.
 */
typedef void dial_fn(struct bufferevent *bev, const char *place,
    const struct error *why, void *arg);

/*
 * Never calls `done` before it returns; ends with that call or with
 * dial_cancel. An address gets its share of the time until the deadline
 * (clock_us), the last one all that is left; the deadline itself is the
 * caller's to keep. peer and resolver are borrowed.
 */
struct dial *dial_new(struct event_base *base, struct resolver *resolver,
    const struct peer *peer, uint64_t deadline_us, dial_fn *done, void *arg);
void dial_cancel(struct dial *d);

/* What it is doing, as the error of a deadline that has passed. */
void dial_late(const struct dial *d, struct error *why);

/*
 * What ended a connection, in words and as a reason: the events of a
 * bufferevent and errno. tls: TLS has begun on it.
 */
void dial_explain(
    struct bufferevent *bev, bool tls, short what, int err, struct error *why);

#endif
