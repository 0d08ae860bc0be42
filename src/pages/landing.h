/*
 * The page at "/" for people: where everything is, a form to scrape a server,
 * and a table of the targets known. It is whole without scripts; page.js
 * keeps the table up to date. All links are relative, so that it works behind
 * a proxy's prefix as well.
 */
#ifndef PAGES_LANDING_H
#define PAGES_LANDING_H

#include "http/request.h"

/* Rows of the table; how many more there are is said below it. */
#define PAGE_TARGETS_MAX 1000

struct landing;
struct modules;
struct targets;

/* The paths and the targets are borrowed; the modules are held. */
struct landing *landing_new(const char *metrics, const char *scrape,
    const struct targets *targets, struct modules *modules);
void landing_free(struct landing *l);

/* From now on these. */
void landing_use(struct landing *l, struct modules *modules);

/* A route of http/server.h; arg is a landing. */
void landing_serve(struct request *r, void *arg);

#endif
