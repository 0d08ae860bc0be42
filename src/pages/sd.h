/*
 * /sd: targets for Prometheus's HTTP service discovery
 * (https://prometheus.io/docs/prometheus/latest/http_sd/). /sd?pool=P has the
 * servers of a pool, with the labels __meta_memcached_pool,
 * __meta_memcached_weight and __meta_memcached_address.
 *
 * What is not there is an error and never an empty list: Prometheus then keeps
 * the targets that it had.
 */
#ifndef PAGES_SD_H
#define PAGES_SD_H

#include "http/request.h"

/* arg is a const struct setup *, whose pools are listed. */
void sd_serve(struct request *r, void *arg);

#endif
