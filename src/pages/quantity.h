/* Numbers as people read them, on the pages. */
#ifndef PAGES_QUANTITY_H
#define PAGES_QUANTITY_H

#include <stdint.h>

#include "base/buf.h"

/* What stands where nothing is known. */
#define NOTHING "\u2013"

enum unit {
	UNIT_COUNT,
	UNIT_BYTES,
	UNIT_RATIO, /* from 0 to 1 */
	UNIT_RATE,  /* in a second */
	UNIT_BYTE_RATE,
	UNITS
};

/* "1024", "12.3 k"; "64 MiB"; "99.9 %"; "0.07/s"; "3 MiB/s". NAN is NOTHING. */
void quantity_add(struct buf *out, enum unit unit, double n);

/* "59 s", "3 min", "47 h", "2 d" */
void quantity_add_duration(struct buf *out, uint64_t seconds);

#endif
