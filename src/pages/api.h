/* /api/v1/targets: what is known of the targets, as JSON for programs. */
#ifndef PAGES_API_H
#define PAGES_API_H

#include "http/request.h"

struct api;
struct event_base;
struct targets;

/* Both are borrowed. */
struct api *api_new(struct event_base *base, const struct targets *targets);
void api_free(struct api *a);

/*
 * A route of http/server.h; arg is an api. With limit=N in the query the first
 * N of the targets are listed, or else LISTING_LIMIT (pages/listing.h); all of
 * them are counted.
 */
void api_serve_targets(struct request *r, void *arg);

#endif
