/*
 * A scrape: from a request to the text that answers it. Whatever happens to
 * the server asked, the answer comes by the deadline, whole, and with the
 * reason when memcached_up is 0.
 */
#ifndef SCRAPE_H
#define SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/error.h"

struct modules;
struct request;
struct scraper;
struct self;
struct targets;

/* The target of scrape_start and scrape_serve, if there is one. */
struct scrape_own {
	bool has_target;
	struct address target;
};

/*
 * down is NULL when the server was up. The text is the callee's to release or
 * to take; it is NULL or empty when there was no scrape: the target was not
 * allowed, or there was no room for it.
 */
typedef void scrape_fn(struct buf *text, const struct error *down, void *arg);

/* All is borrowed, but for the modules, which it holds. */
struct scraper *scraper_new(struct targets *targets, struct self *self,
    const struct scrape_own *own, struct modules *modules);
void scraper_free(struct scraper *s);

/* From now on these. */
void scraper_use(struct scraper *s, struct modules *modules);

/*
 * Scrapes the own target once, if there is one, and adds the exporter's own
 * metrics, in the text format 0.0.4. done is called once, maybe before this
 * returns.
 */
void scrape_start(struct scraper *all, scrape_fn *done, void *arg);

/*
 * Routes of http/server.h; arg is a scraper. The first answers with the
 * own target and the exporter's own metrics; the second with the target that
 * the query names, alone:
 *
 *	target=host:port, [IPv6]:port, host, unix:/path
 *	module=NAME: as --config.file has it, or else "default"
 *	collect[]=NAME (repeated): only these of the collectors
 *
 * The request's Accept picks the format (http/accept.h).
 */
void scrape_serve(struct request *r, void *arg);
void scrape_serve_target(struct request *r, void *arg);

#endif
