/* Times taken, in nanoseconds, and what they come to. With its code, as
   connection.h. */
#ifndef FIGURES_H
#define FIGURES_H

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		err(1, "clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline uint64_t
now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static inline int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In microseconds; puts the figures in order. */
static inline double
percentile_us(uint64_t *took, size_t n, size_t percent)
{
	qsort(took, n, sizeof(*took), by_size);
	return (double)took[n * percent / 100] / 1e3;
}

#endif
