#include "http/rate.h"

#include "support.h"

#define TAKES_MAX 8

/* When a token is asked for, and whether there is one: 'y' or 'n' for each. */
TEST(takes)
{
	static const struct {
		const char *row;
		uint64_t interval_us, burst;
		uint64_t at[TAKES_MAX];
		const char *answers;
	} rows[] = {
		{ "no limit", 0, 0, { 0, 0, 0, 1, 1 }, "yyyyy" },
		{ "no limit, whatever the burst", 0, 1, { 5, 5, 5 }, "yyy" },
		{ "a burst", 100, 3, { 0, 0, 0, 0 }, "yyyn" },
		{ "a burst, later", 100, 3, { 7777, 7777, 7777, 7777 },
		    "yyyn" },
		{ "one comes each interval", 100, 1,
		    { 0, 99, 100, 199, 200, 299, 300 }, "ynynyny" },
		{ "a refusal costs nothing", 100, 1, { 0, 1, 50, 99, 100 },
		    "ynnny" },
		{ "those of a burst come one by one", 100, 2,
		    { 0, 0, 99, 100, 100, 200, 200 }, "yynynyn" },
		{ "no more than the burst is kept", 100, 2,
		    { 0, 1000000, 1000000, 1000000 }, "yyyn" },
		{ "part of one is kept", 100, 2, { 0, 0, 150, 199, 200 },
		    "yyyny" },
		{ "no burst", 100, 0, { 0, 100, 100000 }, "nnn" },
		{ "a clock far on", 1, 1,
		    { UINT64_C(1) << 60, UINT64_C(1) << 60,
			(UINT64_C(1) << 60) + 1 },
		    "yny" },
	};

	for (EACH(r, rows)) {
		char answers[TAKES_MAX + 1] = "";
		struct rate rate;

		rate_init(&rate, r->interval_us, r->burst);
		for (size_t i = 0; i < strlen(r->answers); i++)
			answers[i] = rate_take(&rate, r->at[i]) ? 'y' : 'n';
		check_text(r->row, span_of(answers), r->answers);
	}
}

TESTS("rate", T(takes))
