/*
 * --healthcheck: asks the exporter that runs with the same flags whether it is
 * healthy, for containers that have no curl.
 */
#ifndef HEALTHCHECK_H
#define HEALTHCHECK_H

#include "base/error.h"

struct options;

/* Each of its waits may take no longer: to connect, to write, to read. */
#define HEALTHCHECK_SECONDS 3

/*
 * Asks /-/healthy at the first --web.listen-address, with TLS if
 * --web.config.file has it. Returns 0 when it is healthy. An answer that asks
 * for a password, or an alert that asks for a client certificate, counts as
 * such: the program is there and works.
 */
int healthcheck(const struct options *o, struct error *e);

#endif
