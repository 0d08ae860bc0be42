#include "memcached/hedge.h"

uint64_t
hedge_at(uint64_t from, uint64_t deadline)
{
	uint64_t share = deadline > from ? (deadline - from) / HEDGE_SHARE : 0;

	return from + (share > HEDGE_US_MIN ? share : HEDGE_US_MIN);
}
