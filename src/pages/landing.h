/*
 * The page at "/" for people: where everything is, a form to scrape a server,
 * and a table of the targets known. It is whole without scripts; page.js
 * keeps the table up to date: it asks for the page again and takes over what
 * has changed. All links are relative, so that it works behind a proxy's prefix
 * as well.
 */
#ifndef PAGES_LANDING_H
#define PAGES_LANDING_H

#include "http/request.h"

struct event_base;
struct landing;
struct setup;
struct targets;

/* All is borrowed; landing_forget when the setup has changed. */
struct landing *landing_new(struct event_base *base, const char *metrics,
    const char *scrape, const struct targets *targets,
    const struct setup *setup);
void landing_free(struct landing *l);
void landing_forget(struct landing *l);

/* A route of http/server.h; arg is a landing. */
void landing_serve(struct request *r, void *arg);

#endif
