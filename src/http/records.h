/*
 * The TLS records of an answer in one write(2), and not in one for each, which
 * would wake the client as often: a BIO between OpenSSL and the socket keeps
 * them until the last one comes.
 */
#ifndef HTTP_RECORDS_H
#define HTTP_RECORDS_H

#include <stddef.h>

struct ssl_st; /* SSL, of OpenSSL */

/* Bytes of plain text that a record has at most (RFC 8446, section 5.1). */
#define RECORD_BYTES_MAX 16384

/*
 * Records wait while `more` bytes of plain text will be written behind them,
 * which has to happen; with 0 they wait no longer. When the socket does not
 * take all that there is, OpenSSL is told so (SSL_write wants to be called
 * again when the socket is writable), and that goes on until it has.
 */
void records_hold(struct ssl_st *ssl, size_t more);

#endif
