/* A listening socket for an address, bound at the start of the program. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "base/address.h"
#include "base/error.h"

/*
 * Returns the descriptor, non-blocking and listening, and what it is bound
 * to; or -1. A host of "" means any address, IPv6 and IPv4. The file of a
 * unix socket that nobody listens on is replaced.
 */
int listener_open(
    const struct address *a, struct endpoint *bound, struct error *e);

#endif
