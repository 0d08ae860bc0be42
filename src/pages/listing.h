/*
 * An answer that lists the targets known. With many of them that takes a
 * while, so it is then made once a second at most, and shared by all that ask
 * meanwhile.
 */
#ifndef PAGES_LISTING_H
#define PAGES_LISTING_H

#include <stdint.h>

#include "base/buf.h"

/* With so many targets it is made anew for each request. */
#define LISTING_FRESH_TARGETS 256

/* For how long it is kept otherwise, all that is together. */
#define LISTING_KEPT_SECONDS 1

/* Different limits that may be asked for in that time. */
#define LISTING_KEPT_MAX 4

/* What a request may ask for at most, and has unless it says so. */
#define LISTING_LIMIT_MAX 16384
#define LISTING_LIMIT 1000

struct event_base;
struct listing;
struct request;
struct targets;

/* Writes it, with at most `limit` of the targets. */
typedef void listing_fn(
    struct buf *out, const struct targets *targets, size_t limit, void *arg);

/* All is borrowed. */
struct listing *listing_new(struct event_base *base,
    const struct targets *targets, const char *content_type, listing_fn *make,
    void *arg);
void listing_free(struct listing *l);

/* Answers with it. */
void listing_serve(struct listing *l, struct request *r, size_t limit);

/* What is kept is not true any more. */
void listing_forget(struct listing *l);

#endif
