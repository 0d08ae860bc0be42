#include "memcached/history.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/plan.h"
#include "stats/reply.h"
#include "support.h"

#define SECOND 1000000ULL
#define MINUTE (60 * SECOND)

/* Begins a minute that is none of the clock's edges. */
#define START (1000 * MINUTE)

struct stat {
	enum collector_id collector;
	const char *key, *value;
};

static struct reply *
reply_of(const struct keys *keys, const struct stat *stats)
{
	struct reply *reply = reply_new(keys);
	struct error why;

	for (; stats->key != NULL; stats++) {
		assert_int_equal(
		    reply_add(reply, stats->collector, span_of(stats->key),
			span_of(stats->value), &why),
		    0);
		reply_ended(reply, stats->collector);
	}
	return reply;
}

#define STATS(...)                                                             \
	(const struct stat[])                                                  \
	{                                                                      \
		__VA_ARGS__,                                                   \
		{                                                              \
			0                                                      \
		}                                                              \
	}

/* What is taken from an answer, as the last point has it. */
TEST(numbers)
{
	static const struct {
		const char *name;
		struct stat stats[4];
		enum history_number number;
		uint64_t wanted;
	} rows[] = {
		{ "a counter", { { COLLECTOR_STATS, "get_hits", "17" } },
		    HISTORY_HITS, 17 },
		{ "a counter of 2^63",
		    { { COLLECTOR_STATS, "get_hits", "9223372036854775808" } },
		    HISTORY_HITS, 9223372036854775808U },
		{ "not sent", { { COLLECTOR_STATS, "pid", "1" } },
		    HISTORY_EVICTIONS, HISTORY_NONE },
		{ "no number", { { COLLECTOR_STATS, "evictions", "-1" } },
		    HISTORY_EVICTIONS, HISTORY_NONE },
		{ "connections that have wrapped",
		    { { COLLECTOR_STATS, "curr_connections", "4294967295" } },
		    HISTORY_CONNECTIONS, HISTORY_NONE },
		{ "bytes that have wrapped",
		    { { COLLECTOR_STATS, "bytes", "18446744073709551000" } },
		    HISTORY_BYTES, HISTORY_NONE },
		{ "the setting, of an old server",
		    { { COLLECTOR_SETTINGS, "maxconns", "1024" } },
		    HISTORY_CONNECTIONS_MAX, 1024 },
		{ "the engine's limit",
		    { { COLLECTOR_STATS, "engine_maxbytes", "67108864" } },
		    HISTORY_BYTES_MAX, 67108864 },
		{ "uptime", { { COLLECTOR_STATS, "uptime", "99" } },
		    HISTORY_UPTIME, 99 },
		{ "Pelikan's uptime",
		    { { COLLECTOR_STATS, "uptime", "99000" },
			{ COLLECTOR_STATS, "ru_utime", "1.0" } },
		    HISTORY_UPTIME, 99 },
		{ "mcrouter's rates",
		    { { COLLECTOR_STATS, "cmd_get", "5" },
			{ COLLECTOR_STATS, "cmd_get_count", "7" } },
		    HISTORY_GETS, HISTORY_NONE },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct histories *all = histories_new();
		struct history *slot = NULL;
		struct reply *reply = reply_of(keys, r->stats);

		(void)history_look(all, &slot, START);
		history_note(&slot, reply, START);
		check_number(r->name, history_len(slot), 1);
		check(r->name,
		    history_at(slot, 0)->numbers[r->number] == r->wanted);
		history_drop(&slot);
		histories_free(all);
		reply_free(reply);
	}
	keys_free(keys);
}

TEST(rates)
{
	static const struct {
		const char *name;
		uint64_t from, to;
		uint64_t uptime_from, uptime_to;
		uint64_t us;
		double wanted; /* -1: none */
	} rows[] = {
		{ "usual", 100, 250, 10, 25, 15 * SECOND, 10 },
		{ "nothing happened", 7, 7, 10, 25, 15 * SECOND, 0 },
		{ "from 0 to 2^64 - 2", 0, UINT64_MAX - 1, 1, 2, SECOND,
		    18446744073709551614.0 },
		{ "reset", 100, 3, 10, 25, 15 * SECOND, -1 },
		{ "restarted, and ahead of it already", 100, 5000, 900, 2,
		    15 * SECOND, -1 },
		{ "restarted, uptime not known", 100, 160, HISTORY_NONE, 2,
		    15 * SECOND, 4 },
		{ "missing before", HISTORY_NONE, 5, 1, 2, SECOND, -1 },
		{ "missing after", 5, HISTORY_NONE, 1, 2, SECOND, -1 },
		{ "at once", 5, 6, 1, 1, 0, -1 },
		{ "as far apart as it may be", 0, 300, 1, 301, 5 * MINUTE, 1 },
		{ "too far apart", 0, 300, 1, 301, 5 * MINUTE + 1, -1 },
	};

	for (EACH(r, rows)) {
		struct history_point from = { .at_us = START }, to;
		double rate;

		to.at_us = START + r->us;
		from.numbers[HISTORY_GETS] = r->from;
		to.numbers[HISTORY_GETS] = r->to;
		from.numbers[HISTORY_UPTIME] = r->uptime_from;
		to.numbers[HISTORY_UPTIME] = r->uptime_to;
		rate = history_rate(&from, &to, HISTORY_GETS);
		check(r->name,
		    r->wanted < 0 ? isnan(rate) != 0 : rate == r->wanted);
	}
}

/* Scrapes every so often: which points are there. */
TEST(ring)
{
	static const struct {
		const char *name;
		uint64_t every_us;
		size_t scrapes;
		size_t len;
		uint64_t first_us, last_us; /* from START */
	} rows[] = {
		{ "one", MINUTE, 1, 1, 0, 0 },
		{ "four in one interval", 3 * SECOND, 4, 1, 9 * SECOND,
		    9 * SECOND },
		{ "each second", SECOND, 3600, 240, 14 * SECOND,
		    3599 * SECOND },
		{ "every 15 s, an hour", 15 * SECOND, 240, 240, 0,
		    3585 * SECOND },
		{ "every 15 s, longer", 15 * SECOND, 241, 240, 15 * SECOND,
		    3600 * SECOND },
		{ "every minute", MINUTE, 60, 60, 0, 59 * MINUTE },
	};

	for (EACH(r, rows)) {
		struct histories *all = histories_new();
		struct history *slot = NULL;

		(void)history_look(all, &slot, START);
		for (size_t i = 0; i < r->scrapes; i++) {
			history_note(&slot, NULL, START + i * r->every_us);
			/* the same scrape, for another who waited */
			history_note(&slot, NULL, START + i * r->every_us);
		}
		check_number(r->name, history_notes(slot), r->scrapes);
		check_number(r->name, history_len(slot), r->len);
		check_number(
		    r->name, history_at(slot, 0)->at_us - START, r->first_us);
		check_number(r->name,
		    history_at(slot, r->len - 1)->at_us - START, r->last_us);
		check(r->name,
		    history_at(slot, 0)->numbers[HISTORY_HITS] == HISTORY_NONE);
		history_drop(&slot);
		histories_free(all);
	}
}

/* It is there for as long as somebody looks at it now and then. */
TEST(unseen)
{
	struct histories *all = histories_new();
	struct history *slot = NULL;

	history_note(&slot, NULL, START);
	assert_null(slot);
	(void)history_look(all, &slot, START);
	history_note(&slot, NULL, START + HISTORY_UNSEEN_US);
	assert_non_null(slot);
	(void)history_look(all, &slot, START + HISTORY_UNSEEN_US);
	history_note(&slot, NULL, START + 2 * HISTORY_UNSEEN_US);
	assert_non_null(slot);
	history_note(&slot, NULL, START + 2 * HISTORY_UNSEEN_US + 1);
	assert_null(slot);
	assert_int_equal(histories_count(all), 0);
	histories_free(all);
}

/* The one not looked at for longest makes room. */
TEST(bound)
{
	struct histories *all = histories_new();
	struct history *slots[HISTORIES_MAX + 2] = { NULL };
	size_t n = 0;

	for (; n < HISTORIES_MAX; n++)
		(void)history_look(all, &slots[n], START + n);
	(void)history_look(all, &slots[0], START + n);
	(void)history_look(all, &slots[n], START + n);
	assert_int_equal(histories_count(all), HISTORIES_MAX);
	assert_non_null(slots[0]);
	assert_null(slots[1]);
	assert_non_null(slots[2]);
	history_move(&slots[2], &slots[1]);
	assert_null(slots[2]);
	(void)history_look(all, &slots[n + 1], START + n);
	assert_null(slots[1]); /* it has moved, and is dropped there */
	for (size_t i = 0; i < nitems(slots); i++)
		history_drop(&slots[i]);
	assert_int_equal(histories_count(all), 0);
	histories_free(all);
}

TEST(classes)
{
	struct keys *keys = keys_new();
	struct reply *reply =
	    reply_of(keys, STATS({ COLLECTOR_SLABS, "7:chunk_size", "480" },
			       { COLLECTOR_SLABS, "2:chunk_size", "120" },
			       { COLLECTOR_SLABS, "2:total_chunks", "8738" },
			       { COLLECTOR_ITEMS, "items:2:number", "5" }));
	struct reply *narrow =
	    reply_of(keys, STATS({ COLLECTOR_STATS, "uptime", "5" }));
	struct histories *all = histories_new();
	struct history *slot = NULL;
	const struct history_class *list;

	(void)history_look(all, &slot, START);
	history_note(&slot, reply, START);
	history_note(&slot, narrow, START + MINUTE);
	history_note(&slot, NULL, START + 2 * MINUTE);
	assert_int_equal(history_classes(slot, &list), 2);
	assert_int_equal(list[0].number, 2);
	assert_int_equal(list[0].numbers[CLASS_CHUNK_BYTES], 120);
	assert_int_equal(list[0].numbers[CLASS_CHUNKS], 8738);
	assert_int_equal(list[0].numbers[CLASS_ITEMS], 5);
	assert_true(list[0].numbers[CLASS_EVICTED] == HISTORY_NONE);
	assert_int_equal(list[1].number, 7);
	history_drop(&slot);
	histories_free(all);
	reply_free(reply);
	reply_free(narrow);
	keys_free(keys);
}

/* Each key once, and a value that is bounded and a string. */
TEST(settings)
{
	static char large[1000];
	struct keys *keys = keys_new();
	struct histories *all = histories_new();
	struct history *slot = NULL;
	struct reply *reply;
	const char *key, *value;
	size_t at = 0;

	memset(large, 'x', sizeof(large) - 1);
	reply = reply_of(
	    keys, STATS({ COLLECTOR_STATS, "version", "1.6.40 (a b)" },
		      { COLLECTOR_SETTINGS, "hash_algorithm", large },
		      { COLLECTOR_SETTINGS, "domain_socket", "/secret" },
		      { COLLECTOR_SETTINGS, "evictions", "on" },
		      { COLLECTOR_SETTINGS, "verbosity", "" }));
	(void)history_look(all, &slot, START);
	history_note(&slot, reply, START);
	assert_string_equal(history_version(slot), "1.6.40 (a b)");
	key = history_setting(slot, &at, &value);
	for (; key != NULL; key = history_setting(slot, &at, &value)) {
		const char *next, *unused_value;
		size_t later = at;

		assert_string_not_equal(key, "domain_socket");
		if (strcmp(key, "hash_algorithm") == 0)
			assert_int_equal(
			    strlen(value), HISTORY_VALUE_BYTES_MAX);
		while ((next = history_setting(slot, &later, &unused_value)) !=
		       NULL)
			assert_string_not_equal(key, next);
	}
	assert_true(at > HISTORY_VALUE_BYTES_MAX);
	history_drop(&slot);
	histories_free(all);
	reply_free(reply);
	keys_free(keys);
}

TESTS("memcached/history", T(numbers), T(rates), T(ring), T(unseen), T(bound),
    T(classes), T(settings))
