/*
 * The TLS records of an answer in one write(2), and not in one for each, which
 * would wake the client as often: a BIO between OpenSSL and the socket keeps
 * them until the last one comes.
 */
#ifndef HTTP_RECORDS_H
#define HTTP_RECORDS_H

#include <stdbool.h>

struct ssl_st; /* SSL, of OpenSSL */

/* Bytes of plain text that a record has at most (RFC 8446, section 5.1). */
#define RECORD_BYTES_MAX 16384

/*
 * While they are held, records wait for what is written when they are not any
 * more, which has to come. They are not held for long: when the socket does not
 * take all that there is, OpenSSL is told so (SSL_write wants to be called
 * again when the socket is writable), and that goes on until it has.
 */
void records_hold(struct ssl_st *ssl, bool held);

#endif
