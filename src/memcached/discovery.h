/*
 * Asks the configuration endpoint of a cluster for its nodes
 * (stats/cluster.h). The endpoint is a target like any other, with its
 * module, connection, deadline and lists of what is allowed.
 */
#ifndef MEMCACHED_DISCOVERY_H
#define MEMCACHED_DISCOVERY_H

#include <stdint.h>

#include "base/error.h"

struct address;
struct cluster;
struct module;
struct targets;

/*
 * Called once, maybe before discovery_start returns, with the nodes or with
 * why there are none. Both are borrowed.
 */
typedef void discovery_fn(
    const struct cluster *cluster, const struct error *why, void *arg);

/*
 * Why has REASON_FORBIDDEN for an endpoint that is not allowed, and for one
 * whose name shall not be told from such a one (target_is_hidden).
 */
void discovery_start(struct targets *ts, struct module *m,
    const struct address *endpoint, uint64_t deadline_us, discovery_fn *done,
    void *arg);

#endif
