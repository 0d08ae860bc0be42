/*
 * /sd: targets for Prometheus's HTTP service discovery
 * (https://prometheus.io/docs/prometheus/latest/http_sd/), a group for each:
 * /sd?pool=P has the servers of a pool, /sd?target=T&module=M the nodes of the
 * cluster whose configuration endpoint T is. Their labels are
 * __meta_memcached_address, and of a pool __meta_memcached_pool and
 * __meta_memcached_weight, of a cluster __meta_memcached_cluster, the
 * endpoint, and __meta_memcached_ip.
 *
 * What is not there is an error and never an empty list: Prometheus then keeps
 * the targets that it had.
 */
#ifndef PAGES_SD_H
#define PAGES_SD_H

#include "http/request.h"

struct setup;
struct targets;

/* Both are borrowed; the setup's are those in use. */
struct sd {
	const struct setup *setup;
	struct targets *targets;
};

/* arg is a const struct sd *. */
void sd_serve(struct request *r, void *arg);

#endif
