/* A token bucket: so many events at once, and one more each interval. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdint.h>

struct rate {
	uint64_t interval_us; /* 0: no limit */
	uint64_t burst;
	uint64_t full_at; /* of clock_us: when the bucket is full again */
};

/* A full bucket. */
void rate_init(struct rate *r, uint64_t interval_us, uint64_t burst);

/* Takes a token, now as clock_us; 0, or for how many us there is none. */
uint64_t rate_take(struct rate *r, uint64_t now);

#endif
