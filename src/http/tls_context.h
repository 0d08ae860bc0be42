/*
 * What a TLS server of this configuration speaks, and with which files: an
 * OpenSSL context made of a config/web_tls.h. ALPN (RFC 7301) settles on
 * HTTP/1.1, or 1.0; a client that asks for neither is refused, as section 3.2
 * says.
 */
#ifndef HTTP_TLS_CONTEXT_H
#define HTTP_TLS_CONTEXT_H

#include "base/error.h"

struct ssl_ctx_st;
struct web_tls;

/* Reads the files. NULL when one is of no use. */
struct ssl_ctx_st *tls_context_new(
    const struct web_tls *config, struct error *e);

#endif
