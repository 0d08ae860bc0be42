/*
 * The paths that are served: by what, with which method, and how many requests
 * each had with which status.
 */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct request;
struct route;
struct routes;

typedef void route_fn(struct request *r, void *arg);

/* For one path and status: how many requests were answered so. */
typedef void route_count_fn(const char *path, int code, uint64_t n, void *arg);

enum route_kind {
	ROUTE_GET,    /* and HEAD */
	ROUTE_SCRAPE, /* the same, of which only so many go at a time */
	ROUTE_POST,
	ROUTE_KINDS
};

struct routes *routes_new(void);
void routes_free(struct routes *rs);

/* path is borrowed for good; of two that are equal the first serves. */
void routes_add(struct routes *rs, enum route_kind kind, const char *path,
    route_fn *serve, void *arg);

/* Scrapes at a time; 0: any number. */
void routes_limit_scrapes(struct routes *rs, size_t max);

/* Never NULL: there is one for all other paths, too. */
struct route *routes_find(struct routes *rs, struct span path);
struct route *routes_other(struct routes *rs);

/* Where the statuses of its requests are counted. */
uint64_t *route_counts(struct route *route);

/* Answers the request, or has it answered. */
void route_serve(struct route *route, struct request *r);

void routes_counts(const struct routes *rs, route_count_fn *each, void *arg);

#endif
