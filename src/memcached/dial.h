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
 * The outcome, from the loop. On success why is NULL, place (borrowed) says
 * where it is connected to, and the socket belongs to the callee: it is fd,
 * or with TLS in tls. On failure there is only why. The dial is gone after the
 * call.
 */
typedef void dial_fn(int fd, struct bufferevent *tls, const char *place,
    const struct error *why, void *arg);

/*
 * Never calls `done` before it returns; ends with that call or with
 * dial_cancel. An address gets its share of the time until the deadline
 * (clock_us), the last one all that is left; the deadline itself is the
 * caller's to keep. A unix socket whose backlog is full is tried again until
 * then. peer and resolver are borrowed.
 */
struct dial *dial_new(struct event_base *base, struct resolver *resolver,
    const struct peer *peer, uint64_t deadline_us, dial_fn *done, void *arg);
void dial_cancel(struct dial *d);

/* A server has accepted the connection; only the handshake is missing. */
bool dial_was_reached(const struct dial *d);

/* What it is doing, as the error of a deadline that has passed. */
void dial_late(const struct dial *d, struct error *why);

#endif
