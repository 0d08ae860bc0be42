#include "base/rate.h"

#include <stdio.h>

#include "support.h"

#define TAKES_MAX 8

/* When a token is asked for, and how long there is none. */
TEST(takes)
{
	static const struct {
		const char *row;
		uint64_t interval_us, burst;
		size_t n;
		uint64_t at[TAKES_MAX];
		uint64_t waits[TAKES_MAX];
	} rows[] = {
		{ "no limit", 0, 0, 5, { 0, 0, 0, 1, 1 }, { 0 } },
		{ "no limit, whatever the burst", 0, 1, 3, { 5, 5, 5 }, { 0 } },
		{ "a burst", 100, 3, 4, { 0, 0, 0, 0 }, { 0, 0, 0, 100 } },
		{ "a burst, later", 100, 3, 4, { 7777, 7777, 7777, 7777 },
		    { 0, 0, 0, 100 } },
		{ "one comes each interval", 100, 1, 7,
		    { 0, 99, 100, 199, 200, 299, 300 },
		    { 0, 1, 0, 1, 0, 1, 0 } },
		{ "a refusal costs nothing", 100, 1, 5, { 0, 1, 50, 99, 100 },
		    { 0, 99, 50, 1, 0 } },
		{ "those of a burst come one by one", 100, 2, 7,
		    { 0, 0, 99, 100, 100, 200, 200 },
		    { 0, 0, 1, 0, 100, 0, 100 } },
		{ "no more than the burst is kept", 100, 2, 4,
		    { 0, 1000000, 1000000, 1000000 }, { 0, 0, 0, 100 } },
		{ "part of one is kept", 100, 2, 5, { 0, 0, 150, 199, 200 },
		    { 0, 0, 0, 1, 0 } },
		{ "no burst", 100, 0, 3, { 0, 100, 100000 },
		    { 100, 100, 100 } },
		{ "a clock far on", 1, 1, 3,
		    { UINT64_C(1) << 60, UINT64_C(1) << 60,
			(UINT64_C(1) << 60) + 1 },
		    { 0, 1, 0 } },
		{ "the longest interval, and the largest burst",
		    UINT64_C(31536000000000), UINT32_MAX, 2, { 7, 7 }, { 0 } },
	};

	for (EACH(r, rows)) {
		struct rate rate;

		rate_init(&rate, r->interval_us, r->burst);
		for (size_t i = 0; i < r->n; i++) {
			char row[64];

			(void)snprintf(row, sizeof(row), "%s %zu", r->row, i);
			check_number(
			    row, rate_take(&rate, r->at[i]), r->waits[i]);
		}
	}
}

TESTS("rate", T(takes))
