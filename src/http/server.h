/*
 * The HTTP server: listeners, limits and routes.
 *
 * GET and HEAD, or POST where said; no request has a body. What a client
 * cannot have is answered in plain text. A slow or dead client costs a
 * descriptor and nothing else (http/clients.h); without descriptors the server
 * stops accepting for a moment.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "http/request.h"
#include "http/routes.h"

/* Under way at a time; for one more, status 503. */
#define SERVER_REQUESTS_MAX 6144

struct event_base;
struct listen_socket;
struct server;
struct web;

/*
 * web is borrowed. connections: of clients, at most; descriptors: how many
 * this process may have open.
 */
struct server *server_new(struct event_base *base, struct web *web,
    size_t connections, size_t descriptors);
void server_free(struct server *s);

/* path is borrowed for good; of two that are equal the first serves. */
void server_route(
    struct server *s, const char *path, route_fn *serve, void *arg);

/* The same for POST alone, without a body as well. */
void server_route_post(
    struct server *s, const char *path, route_fn *serve, void *arg);

/* The same for a scrape: at most max of all of these at a time, 0 = any. */
void server_route_scrape(
    struct server *s, const char *path, route_fn *serve, void *arg);
void server_limit_scrapes(struct server *s, size_t max);

/* Accepts from it, and takes it: closes it and removes its file at the end. */
void server_listen(struct server *s, const struct listen_socket *socket);

/*
 * Stops accepting. Calls done, from the loop, when no request is under way
 * any more.
 */
void server_drain(struct server *s, void (*done)(void *arg), void *arg);

size_t server_connections(const struct server *s);

/* Bytes of answers that clients have not read; see http/body.h. */
size_t server_unsent(const struct server *s);

void server_counts(const struct server *s, route_count_fn *each, void *arg);

#endif
