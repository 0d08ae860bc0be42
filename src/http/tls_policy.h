/*
 * Which clients may finish a TLS handshake: client_auth_type and
 * client_allowed_sans of the tls_server_config of config/web_tls.h.
 */
#ifndef HTTP_TLS_POLICY_H
#define HTTP_TLS_POLICY_H

#include <stdbool.h>

/* Names of a certificate that are compared; one with more is refused. */
#define TLS_POLICY_NAMES_MAX 1000

struct ssl_ctx_st;
struct ssl_st;
struct web_tls;

/*
 * For a new context, which frees it. Sessions are not resumed where clients
 * show certificates: each connection has to show one that is good today.
 */
void tls_policy_set(struct ssl_ctx_st *ctx, const struct web_tls *config);

/*
 * Whether a connection may still be used: ctx is the newest context. If that
 * asks for certificates, the connection has to be its own, since others may be
 * allowed by now, and one that was verified must not have expired.
 */
bool tls_policy_holds(const struct ssl_st *ssl, const struct ssl_ctx_st *ctx);

#endif
