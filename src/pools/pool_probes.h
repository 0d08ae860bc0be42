/*
 * The probes of a pool: the probe of its module, for each server with a key
 * that lives on it: "KEY:0", "KEY:1", …, with the pool's namespace in front.
 */
#ifndef POOLS_POOL_PROBES_H
#define POOLS_POOL_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Keys that are tried to find one for each server. */
#define POOL_PROBE_KEYS 100000

struct gets;
struct plan;
struct pool;
struct pool_probes;
struct probe;

/*
 * like is the module's probe: held. -1 when its keys are none of the pool's:
 * with the namespace they are too long. Their servers are not known yet.
 */
int pool_probes_new(const struct pool *p, struct probe *like,
    struct pool_probes **out, struct error *e);
void pool_probes_free(struct pool_probes *pp); /* takes NULL */

/*
 * Tries up to n more keys; false when there is one for each server, or all have
 * been tried. It takes about a microsecond a key.
 */
bool pool_probes_seek(struct pool_probes *pp, const struct pool *p, size_t n);
bool pool_probes_are_sought(const struct pool_probes *pp);

/* How many servers have no key; *server is the place of the first of them. */
size_t pool_probes_missing(
    const struct pool_probes *pp, const struct pool *p, size_t *server);

/*
 * What to ask the server at a place: `stats`, its gets, which are always the
 * same, or NULL, and its probe. Borrowed; NULL while there is no key for it.
 */
const struct plan *pool_probes_plan(
    struct pool_probes *pp, const struct pool *p, size_t i, struct gets *gets);

#endif
