/*
 * Names to addresses without blocking: evdns with the system's resolv.conf and
 * hosts file, which are read again when they have changed.
 */
#ifndef MEMCACHED_RESOLVE_H
#define MEMCACHED_RESOLVE_H

#include <stddef.h>

#include "base/address.h"
#include "base/error.h"

/* More addresses of a name than this are not tried. */
#define ENDPOINTS_MAX 16

struct endpoints {
	size_t len;
	struct endpoint list[ENDPOINTS_MAX];
};

struct event_base;
struct resolver;
struct lookup;

/* found is borrowed and NULL on failure; why is NULL on success. */
typedef void lookup_fn(
    const struct endpoints *found, const struct error *why, void *arg);

struct resolver *resolver_new(struct event_base *base);

/* Its lookups must have ended or been cancelled. */
void resolver_free(struct resolver *r);

/*
 * Looks up a host, an absolute name without the search list; never calls `done`
 * before it returns. The lookup ends with its call of `done` or with
 * lookup_cancel.
 */
struct lookup *resolver_lookup(
    struct resolver *r, const struct address *a, lookup_fn *done, void *arg);
void lookup_cancel(struct lookup *l);

#endif
