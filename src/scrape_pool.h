/*
 * A scrape of a pool: all of its servers are asked at once, under one deadline,
 * whether they are up, for the values of the pool's queries that each has, and
 * the operations of the module's probe.
 */
#ifndef SCRAPE_POOL_H
#define SCRAPE_POOL_H

#include "scrape.h"

struct pool;

/*
 * As scrape_start; the module of the options is not looked at, the pool has its
 * own. down is set only when there was no scrape: one of the servers is not
 * allowed, or there is no room for them.
 */
void scrape_start_pool(struct scraper *all, const struct pool *pool,
    const struct scrape_options *options, scrape_fn *done, void *arg);

#endif
