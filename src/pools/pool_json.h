/* Where a key lives, as JSON. */
#ifndef POOLS_POOL_JSON_H
#define POOLS_POOL_JSON_H

#include "base/buf.h"
#include "base/error.h"

struct pool;

/* Larger than the text for any key and server. */
#define POOL_JSON_MAX 8192

/*
 * {"pool":"P","key":"K","server":"cache1:11211","position":0,"hash":3203193474}
 *
 * position counts the servers from 0, in the order in which libmemcached has
 * them; hash is the key's hash value. -1 for what is no key of memcached.
 */
int pool_json(
    struct buf *out, const struct pool *p, const char *key, struct error *e);

#endif
