/*
 * What one TLS peer can cost, on either side. OpenSSL reads on within a single
 * call for as long as a peer sends messages of the handshake (RFC 8446, section
 * 4; RFC 5246, section 7.4), before any certificate and after it: HelloRequest,
 * NewSessionTicket, KeyUpdate, refused renegotiations. Here the socket says
 * "try again" when a turn of the event loop has read enough; it is still
 * readable then, so the next turn goes on, with timers and others in between.
 * A peer that is past a limit of its connection gets no further.
 */
#ifndef BASE_TLS_LIMITS_H
#define BASE_TLS_LIMITS_H

#include <stdbool.h>

/* Read in a turn of the loop. */
#define TLS_TURN_BYTES_MAX (64U << 10)
#define TLS_TURN_RECORDS_MAX 128

/* Records of the handshake, with their headers, in a connection's life. */
#define TLS_HANDSHAKE_BYTES_MAX (256U << 10)

/* Messages of the handshake without a record of data between them. */
#define TLS_MESSAGES_MAX 32

/* A ClientHello: OpenSSL takes memory for what it announces. */
#define TLS_HELLO_BYTES_MAX (16U << 10)

/* A peer's certificates: together, how many, and each one's key. */
#define TLS_CHAIN_BYTES_MAX (64U << 10)
#define TLS_CHAIN_MAX 10
#define TLS_KEY_BITS_MAX 8192
#define TLS_EXPONENT_BITS_MAX 64

struct ssl_ctx_st;
struct ssl_st;
struct x509_store_ctx_st;

/* For a new context: all its connections have these limits. */
void tls_limits_set(struct ssl_ctx_st *ctx);

/*
 * To be asked before a peer's chain is verified, which takes time for each key
 * in it. False, with the verdict set, when it is past a limit.
 */
bool tls_limits_chain(struct x509_store_ctx_st *store);

/* The limit that ended a connection, in words; NULL: none. */
const char *tls_limits_fault(const struct ssl_st *ssl);

#endif
