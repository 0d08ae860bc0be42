/*
 * A scrape: from what is asked of a server to the text that answers it.
 * Whatever happens to the server, the answer comes by the deadline, whole, and
 * with the reason when memcached_up is 0. A failed scrape has the same series
 * whatever it was waiting for.
 *
 * Scrapes that share a collection share its text as well (http/body.h): it is
 * rendered once for each format. What differs, memcached_scrape_duration_seconds
 * counted from each one's arrival, comes last, in the tail of each.
 */
#ifndef SCRAPE_H
#define SCRAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/span.h"
#include "stats/text.h"

struct body;
struct module;
struct modules;
struct outcome;
struct plans;
struct pools;
struct scraper;
struct self;
struct setup;
struct target;
struct targets;

/* The default target, if there is one. */
struct scrape_own {
	bool has_target;
	struct address target;
	unsigned prefixes_max; /* of the collector `detail` */
};

/* What a scrape asks. All is borrowed for the call. */
struct scrape_options {
	uint64_t arrived; /* clock_us */
	uint64_t timeout_us;
	enum text_format format;

	/* scrape_start_default fills these */
	struct module *module;
	const struct address *target;
	unsigned collectors; /* that are on: 1 << section */
	bool is_default;
};

/* How a scrape ended. All is borrowed for the call. */
struct scraped {
	/*
	 * The text; NULL when it is too large, or when down says why there was
	 * no scrape: the target is not allowed, or there is no room for it.
	 */
	struct body *body;
	struct span tail;         /* comes behind it */
	const struct error *down; /* NULL when the server was up */
};

/* Called once, maybe before the call that it was given to returns. */
typedef void scrape_fn(const struct scraped *scraped, void *arg);

/* All is borrowed, but for the setup, which it holds. */
struct scraper *scraper_new(struct targets *targets, struct self *self,
    const struct scrape_own *own, const struct setup *setup);
void scraper_free(struct scraper *s);

/* From now on this one. */
void scraper_use(struct scraper *s, const struct setup *setup);

/* What is in use, borrowed. */
struct modules *scraper_modules(const struct scraper *s);
struct pools *scraper_pools(const struct scraper *s);
struct targets *scraper_targets(const struct scraper *s);
struct plans *scraper_plans(const struct scraper *s);

/*
 * Notes how a scrape of a target went: in its status, in the log when that is
 * news, and in the exporter's own metrics.
 */
void scraper_note(struct scraper *s, struct target *t,
    const struct outcome *outcome, const struct error *down, uint64_t arrived,
    bool is_default);

void scrape_start(struct scraper *all, const struct scrape_options *options,
    scrape_fn *done, void *arg);

/*
 * The same of the default target, if there is one, and adds the exporter's
 * own metrics.
 */
void scrape_start_default(struct scraper *all,
    const struct scrape_options *options, scrape_fn *done, void *arg);

#endif
