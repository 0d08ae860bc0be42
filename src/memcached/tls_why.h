/*
 * Why TLS with a server failed: OpenSSL's words, what was expected, and which
 * flag or key changes it.
 */
#ifndef MEMCACHED_TLS_WHY_H
#define MEMCACHED_TLS_WHY_H

#include "base/error.h"

struct ssl_st;
struct x509_store_ctx_st;

/* Keeps, with the connection, what a chain was refused for. */
void tls_why_keep(struct x509_store_ctx_st *store);

/* Fills e for a code of OpenSSL's. */
void tls_why(const struct ssl_st *ssl, unsigned long code, struct error *e);

#endif
