/* Microseconds of CLOCK_MONOTONIC: for deadlines and durations. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <sys/time.h>

#include <stdint.h>

uint64_t clock_us(void);

/* What is left until a moment of clock_us, for an event; never negative. */
struct timeval clock_until(uint64_t us);

#endif
