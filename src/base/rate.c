#include "base/rate.h"

void
rate_init(struct rate *r, uint64_t interval_us, uint64_t burst)
{
	*r = (struct rate){ .interval_us = interval_us, .burst = burst };
}

uint64_t
rate_take(struct rate *r, uint64_t now)
{
	uint64_t full_at = r->full_at > now ? r->full_at : now;
	uint64_t missing;

	if (r->interval_us == 0)
		return 0;
	/* a token that is part of the way here is not here */
	missing = (full_at - now + r->interval_us - 1) / r->interval_us;
	if (missing >= r->burst)
		return full_at - now - (r->burst - 1) * r->interval_us;
	r->full_at = full_at + r->interval_us;
	return 0;
}
