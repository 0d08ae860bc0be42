/*
 * What a client speaks on a port for TLS, by the first byte that it sends: TLS
 * begins with no letter, but HTTP does.
 */
#ifndef HTTP_HELLO_H
#define HTTP_HELLO_H

enum hello {
	HELLO_NONE, /* nothing has come yet */
	HELLO_TLS,
	HELLO_HTTP, /* which is logged like a handshake that fails */
	HELLO_END   /* it has hung up */
};

/* Leaves the byte where it is. */
enum hello hello_of(int fd);

#endif
