/* Time as it passes, for deadlines and durations, and as people write it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <sys/time.h>

#include <stdint.h>
#include <time.h>

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t clock_us(void);

/* What is left until a moment of clock_us, for an event; never negative. */
struct timeval clock_until(uint64_t us);

#define CLOCK_TEXT_MAX 32

/*
 * Seconds since 1970 as RFC 3339 has them, "2026-01-31T12:00:00Z"; "" past all
 * years.
 */
void clock_text(time_t t, char text[CLOCK_TEXT_MAX]);

#endif
