/*
 * libmemcached as an application has set it up: a pool's configuration becomes
 * a memcached_st, which is asked where keys live and never connects.
 */
#ifndef POOLS_CLIENT_H
#define POOLS_CLIENT_H

#include <stdint.h>

#include "base/error.h"
#include "config/pool.h"

struct memcached_st;

/*
 * The caller's, for memcached_free. -1 with libmemcached's own words when it
 * refuses, or when it would do something to the outside or end the process.
 */
int client_new(
    const struct pool_config *c, struct memcached_st **out, struct error *e);

/* The weight that a configuration string gives to one of its servers, or 1. */
uint32_t client_weight(const char *options, const char *host, uint16_t port);

/* Of libmemcached. */
const char *client_library_version(void);

#endif
