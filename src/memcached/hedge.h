/*
 * When to try a hedge connection, beside one that has said nothing for a share
 * of the time left: if it was open before, since a worker thread of the InnoDB
 * plugin that waits for a row lock stalls all connections pinned to it, while
 * its other threads answer; or if it has answered the first of several
 * commands, since some servers drop the rest.
 */
#ifndef MEMCACHED_HEDGE_H
#define MEMCACHED_HEDGE_H

#include <stdint.h>

/* The share is one in so many. */
#define HEDGE_SHARE 4

/* No server is silent before this, however little time there is. */
#define HEDGE_US_MIN 10000

/* When a silence that began at `from` has lasted so long (clock_us). */
uint64_t hedge_at(uint64_t from, uint64_t deadline);

#endif
