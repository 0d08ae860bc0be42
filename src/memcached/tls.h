/*
 * TLS to memcached servers, as a client: OpenSSL behind a bufferevent. The
 * server's certificate is verified, for the name of the very target unless
 * another is set, and sessions are resumed across reconnects.
 */
#ifndef MEMCACHED_TLS_H
#define MEMCACHED_TLS_H

#include <stdbool.h>

#include "base/error.h"

struct authorities;
struct bufferevent;
struct digest;
struct event_base;
struct tls;
struct tls_session;
struct tls_settings;

/*
 * Reads the files; those of authorities once for all that share them (NULL: by
 * itself). Returns NULL when one is of no use.
 */
struct tls *tls_new(const struct tls_settings *settings,
    struct authorities *shared, struct error *e);
void tls_free(struct tls *tls);

/* Adds what the files hold, the system's authorities among them. */
void tls_digest(const struct tls_settings *settings, struct digest *d);

/* What a target remembers of its last session. */
struct tls_session *tls_session_new(void);
void tls_session_free(struct tls_session *s);

/*
 * A bufferevent for a socket that is connected, and now belongs to it; it
 * reports BEV_EVENT_CONNECTED after the handshake. host is what to verify.
 * NULL, with the socket closed, when that is no name a server could have.
 */
struct bufferevent *tls_bufferevent(struct tls *tls, struct event_base *base,
    int fd, struct tls_session *session, const char *host, struct error *e);

/*
 * Before it is closed: tells the server so (close_notify, RFC 8446, section
 * 6.1). Does nothing without TLS.
 */
void tls_say_end(struct bufferevent *bev);

/*
 * After BEV_EVENT_ERROR: fills e and returns true if OpenSSL knows why: with
 * REASON_TLS and its words, or with the network's error.
 */
bool tls_failure(struct bufferevent *bev, struct error *e);

#endif
