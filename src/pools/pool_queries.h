/*
 * The queries of a pool: each key is read from the server that it lives on,
 * with the pool's namespace in front.
 */
#ifndef POOLS_POOL_QUERIES_H
#define POOLS_POOL_QUERIES_H

#include <stddef.h>

#include "base/error.h"

struct gets;
struct plan;
struct pool;
struct pool_queries;

/*
 * asked has the queries, without the namespace. -1 when one of their keys is
 * none of the pool's: with the namespace it is too long.
 */
int pool_queries_new(const struct pool *p, const struct gets *asked,
    struct pool_queries **out, struct error *e);
void pool_queries_free(struct pool_queries *q); /* takes NULL */

/*
 * What to ask the server at a place, `stats` and its keys: borrowed. NULL when
 * there are none.
 */
const struct plan *pool_queries_plan(const struct pool_queries *q, size_t i);

/* All queries, without keys: for the values of all servers together. */
struct gets *pool_queries_none(const struct pool_queries *q);

#endif
