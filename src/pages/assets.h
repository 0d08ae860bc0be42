/*
 * The files that belong to the page of pages/landing.h, as they were when the
 * program was built: page.css, page.js and page.svg of this folder.
 */
#ifndef PAGES_ASSETS_H
#define PAGES_ASSETS_H

struct assets;
struct server;

struct assets *assets_new(void);

/* After the server, which must not serve them any more. */
void assets_free(struct assets *a);

/*
 * Adds a route for each, by its name: "/page.css" and so on; page.svg is
 * "/favicon.ico" as well.
 */
void assets_add_routes(struct assets *a, struct server *s);

#endif
