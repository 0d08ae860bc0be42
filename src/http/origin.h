/* Which client a socket is from, as far as fairness goes. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <stdint.h>

/*
 * The same number for the same address: an IPv4 address, the /64 network of an
 * IPv6 one, a vsock peer. All of a unix socket's clients are one.
 */
uint64_t origin_of(int fd);

#endif
