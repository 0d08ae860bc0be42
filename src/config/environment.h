/*
 * Flags from the environment: MEMCACHED_EXPORTER_ and a flag's name in
 * capitals, with `_` for other signs. Blanks around a value do not count; a
 * repeatable flag has one value a line.
 */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include "base/error.h"

#define ENVIRONMENT_PREFIX "MEMCACHED_EXPORTER_"

struct options;

/* Sets the flags that have not been given. A question is not read from here. */
int environment_read(struct options *o, struct error *e);

/*
 * Calls each for a variable with our prefix that is of no flag: mistyped, or
 * meant for a script. Empty ones, and those that Kubernetes makes for a service
 * of our name, are left out.
 */
void environment_unknown(void (*each)(const char *name, void *arg), void *arg);

#endif
