/*
 * All pools of --config.file, by name. A reload makes a new set, which shares
 * the pools that are as they were.
 */
#ifndef POOLS_POOLS_H
#define POOLS_POOLS_H

#include <stddef.h>

#include "base/error.h"
#include "pools/pool.h"

struct event_base;
struct modules;
struct pools;

/*
 * What has not changed is shared with `old`, the set before, or NULL. Each
 * pool's module has to be one of ms. The new set begins with one hold.
 */
int pools_load(const struct pool_configs *configs, const struct modules *ms,
    const struct pools *old, struct pools **out, struct error *e);
void pools_hold(struct pools *ps);
void pools_release(struct pools *ps);

/*
 * Finds keys for the probes, and which share of the keys each server has:
 * little by little, from the loop; or the shares at once.
 */
void pools_start(struct pools *ps, struct event_base *base);
void pools_finish(struct pools *ps);

size_t pools_count(const struct pools *ps);
const struct pool *pools_at(const struct pools *ps, size_t i);
const struct pool *pools_find(const struct pools *ps, const char *name);

#endif
