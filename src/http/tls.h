/*
 * TLS for HTTP clients, as a server: OpenSSL behind bufferevents, set up by
 * http/tls_context.h. Why a handshake fails is in the log, at its level
 * "debug".
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct bufferevent;
struct event_base;
struct server_tls;
struct web_tls;

/* Reads the files. Returns NULL when one is of no use. */
struct server_tls *server_tls_new(
    const struct web_tls *config, struct error *e);

/* Its connections live on. */
void server_tls_free(struct server_tls *tls);

/* A bufferevent without a socket yet, which begins with a handshake. */
struct bufferevent *server_tls_accept(
    struct server_tls *tls, struct event_base *base);

/*
 * Whether such a bufferevent may ask for more, now that tls is the newest: its
 * client's certificate may have expired, or not be allowed any more. True
 * without TLS.
 */
bool server_tls_holds(const struct server_tls *tls, struct bufferevent *bev);

/* Logs the limit of base/tls_limits.h that has ended it, if one has. */
void server_tls_failed(struct bufferevent *bev);

/*
 * Says that nothing more comes (close_notify, RFC 8446, section 6.1), so that a
 * client can tell an answer's end from one that was cut off. Does nothing when
 * something still has to be written, nor without TLS.
 */
void server_tls_say_end(struct bufferevent *bev);

/*
 * Writes what the socket takes now of what such a bufferevent has to write, up
 * to the record that ends behind max bytes; it goes on with the rest itself,
 * but says nothing when there is none.
 */
void server_tls_write(struct bufferevent *bev, size_t max);

#endif
