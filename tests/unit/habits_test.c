#include "memcached/habits.h"

#include "stats/reply.h"
#include "support.h"

#define HOUR (HABITS_SECONDS * 1000000ULL)
#define STUCK (HABITS_STUCK_SECONDS * 1000000ULL)
#define NOW (2 * HOUR)

TEST(learned)
{
	struct habits h = { .one_by_one = false };

	assert_false(habits_one_by_one(&h, NOW));
	habits_learn(&h, 0x2, 0, NOW);
	habits_learn(&h, 0x4, 0, NOW + HOUR / 2);
	assert_true(habits_one_by_one(&h, NOW + HOUR - 1));
	assert_int_equal(h.refused, 0x6);
	assert_false(habits_one_by_one(&h, NOW + HOUR));
	assert_int_equal(h.refused, 0);
}

/* It may have been busy only then. */
TEST(stuck)
{
	static const struct {
		const char *name;
		uint64_t before; /* when it was learned that it is one by one */
		uint64_t until;
	} rows[] = {
		{ "from the first", NOW, NOW + STUCK },
		{ "later", NOW - 500, NOW + STUCK },
		{ "near the end", NOW + STUCK - HOUR - 1, NOW + STUCK - 1 },
	};

	for (EACH(r, rows)) {
		struct habits h = { .one_by_one = false };

		if (r->before != NOW)
			habits_learn(&h, 0, 0, r->before);
		habits_learn(&h, 0x1, 0x2, NOW);
		check_number(r->name, h.refused, 0x3);
		check_number(r->name, h.until_us, r->until);
	}
}

TEST(restarted)
{
	static const struct {
		const char *name;
		const char *before, *after; /* uptime; NULL: not told */
		bool forgotten;
	} rows[] = {
		{ "older", "100", "160", false },
		{ "in the same second", "100", "100", false },
		{ "younger", "100", "99", true },
		{ "no longer told", "100", NULL, false },
		{ "told only now", NULL, "1", false },
		{ "no number", "100", "1x", false },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct habits h = { .one_by_one = false };
		const char *const told[] = { r->before, r->after };

		habits_learn(&h, 0x2, 0, NOW);
		for (size_t i = 0; i < nitems(told); i++) {
			struct reply *reply = reply_new(keys);
			struct error why;

			if (told[i] != NULL)
				(void)reply_add(reply, COLLECTOR_STATS,
				    SPAN("uptime"), span_of(told[i]), &why);
			habits_note(&h, reply);
			reply_free(reply);
		}
		check(r->name, h.one_by_one != r->forgotten);
		check_number(r->name, h.refused, r->forgotten ? 0 : 0x2);
	}
	keys_free(keys);
}

TEST(no_reply)
{
	struct habits h = { .one_by_one = false };

	habits_learn(&h, 0, 0, NOW);
	habits_note(&h, NULL);
	assert_true(h.one_by_one);
}

TESTS("habits", T(learned), T(stuck), T(restarted), T(no_reply))
