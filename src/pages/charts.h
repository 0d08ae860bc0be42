/* The pictures of a target: which there are, and what they are made of. */
#ifndef PAGES_CHARTS_H
#define PAGES_CHARTS_H

#include <stdint.h>

#include "base/buf.h"

struct history;

/* All of them, as of now_us of clock_us. */
void charts_write(struct buf *out, const struct history *h, uint64_t now_us);

#endif
