/*
 * A scrape: from a request to the text that answers it. Whatever happens to
 * the server asked, the answer comes by the deadline, whole, and with the
 * reason when memcached_up is 0.
 */
#ifndef SCRAPE_H
#define SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct request;
struct scraper;
struct self;
struct target;

struct scrape_settings {
	uint64_t timeout_us;
	unsigned sections; /* to ask: 1 << section */
	bool slabs;        /* export the series of slab classes */
};

/* The text is the callee's to release or to take. */
typedef void scrape_fn(struct buf *text, bool up, void *arg);

/* target NULL: none, only the exporter's own metrics. Both are borrowed. */
struct scraper *scraper_new(struct target *target, struct self *self,
    const struct scrape_settings *settings);
void scraper_free(struct scraper *s);

/*
 * Scrapes once, within timeout_us from `arrived` (clock_us); done is called
 * once, for a scraper without a target before this returns.
 */
void scrape_start(struct scraper *all, uint64_t arrived, uint64_t timeout_us,
    scrape_fn *done, void *arg);

/* A route of http/server.h: answers with the metrics; arg is a scraper. */
void scrape_serve(struct request *r, void *arg);

#endif
