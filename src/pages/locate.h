/*
 * /api/v1/locate?pool=P&key=K: which server of a pool a key lives on, as JSON:
 * {"status":"success","data":…} with what pools/pool_json.h writes. 404 for an
 * unknown pool, 400 for what is no key of memcached.
 */
#ifndef PAGES_LOCATE_H
#define PAGES_LOCATE_H

#include "http/request.h"

/* arg is a const struct setup *, whose pools are asked. */
void locate_serve(struct request *r, void *arg);

#endif
