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

struct allow;
struct request;
struct scraper;
struct self;
struct targets;
struct tls;

struct scrape_settings {
	bool has_target;
	struct address target; /* of scrape_start and scrape_serve */
	uint64_t timeout_us;
	unsigned sections;         /* to ask: 1 << section */
	const struct allow *allow; /* of scrape_serve_target */
	struct tls *tls;           /* to all targets; NULL: none */
	const char *username;      /* to that target; NULL: none */
	const char *password;
};

/*
 * down is NULL when the server was up. The text is the callee's to release or
 * to take; there is none when down->reason is REASON_FORBIDDEN or REASON_BUSY.
 */
typedef void scrape_fn(struct buf *text, const struct error *down, void *arg);

/* All is borrowed, the settings' contents too. */
struct scraper *scraper_new(struct targets *targets, struct self *self,
    const struct scrape_settings *settings);
void scraper_free(struct scraper *s);

/*
 * The sections that a set of collectors needs. A collector's name is "settings",
 * "slab" or "scrub"; `stats` itself is always asked, and so is `stats slabs`,
 * which has the totals that are no slab class's series.
 */
unsigned scrape_sections(bool settings, bool slab, bool scrub);

/*
 * Scrapes the target of the settings once, if there is one, and adds the
 * exporter's own metrics. done is called once, maybe before this returns.
 */
void scrape_start(struct scraper *all, scrape_fn *done, void *arg);

/*
 * Routes of http/server.h; arg is a scraper. The first answers with the
 * target of the settings and the exporter's own metrics; the second with the
 * target that the query names, alone:
 *
 *	target=host:port, [v6]:port, host, unix:/path
 *	collect[]=NAME (repeated): only these of the collectors
 */
void scrape_serve(struct request *r, void *arg);
void scrape_serve_target(struct request *r, void *arg);

#endif
