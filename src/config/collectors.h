/* The names by which parts of a scrape are switched. */
#ifndef CONFIG_COLLECTORS_H
#define CONFIG_COLLECTORS_H

#include "stats/collector.h"

/* In every set: `stats` says whether the server is up. */
#define COLLECTORS_ALWAYS COLLECTOR_BIT(COLLECTOR_STATS)

/* The set of collectors (1 << collector) of a name; 0 when there is none. */
unsigned collector_set(const char *name);

#endif
