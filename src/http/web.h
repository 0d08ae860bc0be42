/*
 * The web configuration at work: TLS, users, headers and the rate of
 * --web.config.file. A change of the file, or of one that it names, is
 * noticed within a second, once it is no longer written to; a file that cannot
 * be used, or is empty, leaves what was in force and is tried again every few
 * seconds.
 */
#ifndef HTTP_WEB_H
#define HTTP_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "http/auth.h"

struct bufferevent;
struct event_base;
struct web;

/* path "" = no file: no TLS, no users, no rate. Returns NULL with an error. */
struct web *web_new(struct event_base *base, const char *path, struct error *e);

/* Ends requests that wait for a verdict, so comes before the server's end. */
void web_free(struct web *w);

/* Whether the file could be used now. */
int web_check(const char *path, struct error *e);

/* Reads all anew, as was asked, and logs what came of it. */
int web_reload(struct web *w, struct error *e);

/*
 * Whether the last reading was good, and when the last good one was, in
 * seconds since 1970.
 */
bool web_is_current(const struct web *w);
uint64_t web_read_at(const struct web *w);

/* What an accepted connection is to be: without a socket yet. */
struct bufferevent *web_accept(struct web *w);

/*
 * Whether its client may ask for more. Not with a certificate that has expired,
 * or that the file may not allow any more: it has to connect again.
 */
bool web_holds(const struct web *w, struct bufferevent *bev);
bool web_has_tls(const struct web *w);

/* A request's token; 0, or for how many seconds, rounded up, there is none. */
uint64_t web_wait_seconds(struct web *w, uint64_t now);

/* As auth_check; a path may be open to all. */
void web_admit(struct web *w, struct span path, const char *authorization,
    auth_from_fn *from, auth_fn *done, void *arg);

typedef void web_header_fn(const char *name, const char *value, void *arg);
void web_each_header(const struct web *w, web_header_fn *each, void *arg);

#endif
