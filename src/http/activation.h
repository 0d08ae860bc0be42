/* Sockets that systemd has opened for this process: sd_listen_fds(3). */
#ifndef HTTP_ACTIVATION_H
#define HTTP_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The first one; the others follow it. */
#define ACTIVATION_FIRST 3

/*
 * How many there are, and takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out
 * of the environment. -1 for none, or more than max.
 */
int activation_count(size_t *n, size_t max, struct error *e);

/* Whether the environment says that there are some for this process. */
bool activation_is_offered(void);

#endif
