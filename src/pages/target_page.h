/*
 * /target?address=A[&module=M]: one target in pictures, of its last scrape and
 * of the hour before (memcached/history.h). Nothing is scraped for it: only
 * targets that are known have one, as in the table of pages/landing.h.
 */
#ifndef PAGES_TARGET_PAGE_H
#define PAGES_TARGET_PAGE_H

#include "http/request.h"

struct event_base;
struct setup;
struct target_page;
struct targets;

/*
 * All is borrowed; target_page_forget when the setup has changed. The paths
 * are those of the routes for metrics and scrapes.
 */
struct target_page *target_page_new(struct event_base *base,
    const char *metrics, const char *scrape, struct targets *targets,
    const struct setup *setup);
void target_page_free(struct target_page *p);
void target_page_forget(struct target_page *p);

/* A route of http/server.h; arg is a target_page. */
void target_page_serve(struct request *r, void *arg);

#endif
