/* What is known of pools, as families. */
#ifndef POOLS_POOLS_TEXT_H
#define POOLS_POOLS_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "stats/text.h"

struct filter;
struct pool;
struct pools;
struct probe_result;

/* The servers and their shares: of all pools, or of one. */
void pools_text(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pools *ps);
void pool_text(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pool *p);

/*
 * What a scrape of its servers has found: up has a bool for each that is the
 * first of its kind. The share of
 * the keys whose server is up is there once it is known.
 */
void pool_text_up(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pool *p, const bool *up);

/* How the probes of its servers ended, by place. */
void pool_text_probes(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pool *p,
    const struct probe_result *results);

/* All families that there are here. */
void pools_families(text_family_fn *each, void *arg);

#endif
