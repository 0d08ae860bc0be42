/* All metrics that there are, for what speaks of them by name. */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "stats/text.h"

struct modules;
struct options;

/*
 * Calls each with every family that a filter may leave out: those of servers,
 * of pools, and of the exporter itself.
 */
void families_each(text_family_fn *each, void *arg);

/*
 * Logs each glob of the flags' filter and the modules' that matches none of
 * them, nor a query.
 */
void families_check(const struct options *o, const struct modules *ms);

#endif
