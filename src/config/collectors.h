/* The names by which parts of a scrape are switched. */
#ifndef CONFIG_COLLECTORS_H
#define CONFIG_COLLECTORS_H

#include "stats/keys.h"

/*
 * Sets of sections (1 << section). `stats` itself is always asked, and so is
 * `stats slabs`, which has the totals that are no slab class's series.
 */
#define SECTIONS_ALWAYS (1U << SECTION_STATS | 1U << SECTION_SLABS)

#define COLLECTOR_NAMES "settings, slab, scrub"

/* What a collector of that name asks besides; 0 when there is none. */
unsigned collector_section(const char *name);

#endif
