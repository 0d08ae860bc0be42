/* The slab classes of a target as a table with bars. */
#ifndef PAGES_SLABS_H
#define PAGES_SLABS_H

#include "base/buf.h"

struct history;

void slabs_write(struct buf *out, const struct history *h);

#endif
