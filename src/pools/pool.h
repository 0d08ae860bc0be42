/*
 * A pool at work: which server of it a key lives on. libmemcached itself says
 * so, since applications in C, PHP, Python and Ruby spread their keys by it:
 * hash, distribution, weights, order and namespace are its own.
 *
 * Nothing here touches the network, and no byte of a server's reaches it: it
 * sees what the operator configured, and keys.
 */
#ifndef POOLS_POOL_H
#define POOLS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/span.h"
#include "config/pool.h"

/* A key of memcached (protocol.txt), its namespace included. */
#define POOL_KEY_MAX 250

/* Keys that are made to find out which share each server has. */
#define POOL_SAMPLE_KEYS 100000

struct gets;
struct pool;
struct pool_probes;
struct pool_queries;
struct probe;

/*
 * Asks libmemcached for such a pool; -1 with its own words when it refuses, or
 * when it would do something to the outside. probe is that of its module, held,
 * or NULL. The pool begins with one hold.
 */
int pool_new(const struct pool_config *c, struct probe *probe,
    struct pool **out, struct error *e);
struct pool *pool_hold(const struct pool *p);
void pool_release(struct pool *p);

/* It was made of this configuration and probe, or of what says the same. */
bool pool_is(const struct pool *p, const struct pool_config *c,
    const struct probe *probe);

const char *pool_name(const struct pool *p);

/* The name of the module that its servers are reached by. */
const char *pool_module(const struct pool *p);

/* What libmemcached puts in front of each key, or "". */
const char *pool_namespace(const struct pool *p);

/*
 * What is read from its servers' values; NULL: nothing. First as it was
 * configured.
 */
const struct gets *pool_gets(const struct pool *p);
const struct pool_queries *pool_queries(const struct pool *p);

/* The probes of its servers; NULL: its module has none. Borrowed. */
struct pool_probes *pool_probes(const struct pool *p);

/* In libmemcached's order. The weight is 1 unless something else was said. */
size_t pool_servers(const struct pool *p);
const struct address *pool_server(const struct pool *p, size_t i);
uint32_t pool_weight(const struct pool *p, size_t i);

/*
 * Where a key lives: the place of its server in the order above. *hash is the
 * key's hash value. -1 for what is no key: empty, too long, or with a blank or
 * a control character in it.
 */
int pool_locate(const struct pool *p, struct span key, size_t *server,
    uint32_t *hash, struct error *e);

/*
 * Looks up to n more of the sample keys up; false when all have been. It takes
 * about half a microsecond a key.
 */
bool pool_sample(struct pool *p, size_t n);

/* The first place of a server that may be in the list more than once. */
size_t pool_first(const struct pool *p, size_t i);

/* Share of the key space, between 0 and 1, once all sample keys were;
   that of a server which is there twice is all at its first place. */
bool pool_is_sampled(const struct pool *p);
double pool_key_ratio(const struct pool *p, size_t i);

#endif
