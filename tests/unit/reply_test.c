#include "stats/reply.h"

#include <stdio.h>

#include "stats/catalogue.h"
#include "stats/plan.h"
#include "support.h"

static struct keys *keys;
static struct reply *reply;
static struct error why;

static int
begin(void **state)
{
	(void)state;
	keys = keys_new();
	reply = reply_new(keys);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	reply_free(reply);
	reply_free(NULL);
	keys_free(keys);
	return 0;
}

static int
add(enum collector_id id, const char *key, const char *value)
{
	return reply_add(reply, id, span_of(key), span_of(value), &why);
}

/* "7:chunk_size", for the class 7. */
static int
add_slab(unsigned number, const char *value)
{
	char key[32];

	(void)snprintf(key, sizeof(key), "%u:chunk_size", number);
	return add(COLLECTOR_SLABS, key, value);
}

static struct span
find(int place, enum collector_id id, const char *key)
{
	struct span value;

	return reply_find(reply, place, id, key, &value) ? value
							 : span_of("(absent)");
}

#define NO_SLAB (-1)

/* Which class a key is filed under, and whether its line is ignored. */
TEST(slab_numbers)
{
	static const struct {
		const char *key;
		enum collector_id collector;
		int number;
		int ignored;
	} rows[] = {
		{ "1:chunk_size", COLLECTOR_SLABS, 1, 0 },
		{ "0:chunk_size", COLLECTOR_SLABS, 0, 0 },
		{ "007:chunk_size", COLLECTOR_SLABS, 7, 0 },
		{ "65535:chunk_size", COLLECTOR_SLABS, 65535, 0 },
		{ "65536:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "4294967297:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "18446744073709551617:chunk_size", COLLECTOR_SLABS, NO_SLAB,
		    1 },
		{ "99999999999999999999999:chunk_size", COLLECTOR_SLABS,
		    NO_SLAB, 1 },
		{ "-1:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "+1:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "1x:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "0x1:chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ ":chunk_size", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "a:b", COLLECTOR_SLABS, NO_SLAB, 1 },
		{ "1", COLLECTOR_SLABS, NO_SLAB, 0 },
		{ "1chunk_size", COLLECTOR_SLABS, NO_SLAB, 0 },
		{ "1:unknown", COLLECTOR_SLABS, 1, 0 },
		{ "1:2:chunk_size", COLLECTOR_SLABS, 1, 0 },
		{ "active_slabs", COLLECTOR_SLABS, NO_SLAB, 0 },
		{ "unknown", COLLECTOR_SLABS, NO_SLAB, 0 },
		{ "items:1:number", COLLECTOR_ITEMS, 1, 0 },
		{ "items:65535:number", COLLECTOR_ITEMS, 65535, 0 },
		{ "items:65536:number", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items:-1:number", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items::number", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items:number", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items:1", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items:", COLLECTOR_ITEMS, NO_SLAB, 1 },
		{ "items", COLLECTOR_ITEMS, NO_SLAB, 0 },
		{ "1:number", COLLECTOR_ITEMS, NO_SLAB, 0 },
		{ "ITEMS:1:number", COLLECTOR_ITEMS, NO_SLAB, 0 },
		{ "1:chunk_size", COLLECTOR_STATS, NO_SLAB, 0 },
		{ "1:chunk_size", COLLECTOR_SETTINGS, NO_SLAB, 0 },
		{ "items:1:number", COLLECTOR_STATS, NO_SLAB, 0 },
	};

	for (EACH(r, rows)) {
		reply_free(reply);
		reply = reply_new(keys);
		check_number(r->key, add(r->collector, r->key, "1"), 0);
		check_number(r->key, reply_ignored(reply), r->ignored);
		check_number(r->key, reply_slabs(reply), r->number != NO_SLAB);
		if (r->number != NO_SLAB)
			check_number(
			    r->key, reply_slab_number(reply, 0), r->number);
	}
}

TEST(slabs_come_out_in_order)
{
	/* 17 has no divisor in common with the number of classes */
	for (unsigned i = 0; i < REPLY_SLABS_MAX; i++) {
		unsigned number = i * 17 % REPLY_SLABS_MAX * 3;
		char value[16];

		(void)snprintf(value, sizeof(value), "%u", number);
		check_number(value, add_slab(number, value), 0);
	}
	check_number("slabs", reply_slabs(reply), REPLY_SLABS_MAX);
	for (unsigned k = 0; k < REPLY_SLABS_MAX; k++) {
		char value[16];

		(void)snprintf(value, sizeof(value), "%u", 3 * k);
		check_number(value, reply_slab_number(reply, k), 3 * k);
		check_text(
		    value, find((int)k, COLLECTOR_SLABS, "chunk_size"), value);
	}
}

/* Both sub-commands speak of the same classes, in any order. */
TEST(sections_share_slabs)
{
	(void)add(COLLECTOR_SLABS, "5:chunk_size", "5s");
	(void)add(COLLECTOR_SLABS, "1:chunk_size", "1s");
	(void)add(COLLECTOR_ITEMS, "items:3:number", "3i");
	(void)add(COLLECTOR_ITEMS, "items:5:number", "5i");
	(void)add(COLLECTOR_ITEMS, "items:1:number", "1i");
	(void)add(COLLECTOR_SLABS, "3:chunk_size", "3s");
	check_number("slabs", reply_slabs(reply), 3);
	check_text("3", find(1, COLLECTOR_ITEMS, "number"), "3i");
	check_text("3", find(1, COLLECTOR_SLABS, "chunk_size"), "3s");
	check_text("5", find(2, COLLECTOR_ITEMS, "number"), "5i");
	check_text("5", find(2, COLLECTOR_SLABS, "chunk_size"), "5s");
	check_text("1", find(0, COLLECTOR_ITEMS, "number"), "1i");
}

TEST(too_many_slabs)
{
	for (unsigned i = 0; i < REPLY_SLABS_MAX; i++)
		check_number("up to the limit", add_slab(i + 1, "x"), 0);
	check_number("known still", add_slab(7, "y"), 0);
	check("not yet", !reply_has_failed(reply, COLLECTOR_SLABS));
	check_number("one more", add_slab(REPLY_SLABS_MAX + 1, "x"), 0);
	check("one more", reply_has_failed(reply, COLLECTOR_SLABS));
	check_number("skipped", add(COLLECTOR_SLABS, "active_slabs", "1"), 0);
	check_text("skipped",
	    find(REPLY_SERVER, COLLECTOR_SLABS, "active_slabs"), "(absent)");
	reply_ended(reply, COLLECTOR_SLABS);
	check("no end of it", !reply_has_ended(reply, COLLECTOR_SLABS));
	check("another one", !reply_has_failed(reply, COLLECTOR_ITEMS));
	check_number("what came", reply_slabs(reply), REPLY_SLABS_MAX);
	check_number("first", reply_slab_number(reply, 0), 1);
}

TEST(too_many_entries)
{
	for (unsigned i = 0; i < COLLECTOR_ENTRIES_USUAL - 1; i++)
		check_number("unknown", add(COLLECTOR_STATS, "?", "x"), 0);
	check_number("last", add(COLLECTOR_STATS, "uptime", "1"), 0);
	check_number("one more", add(COLLECTOR_STATS, "threads", "4"), -1);
	check_number("reason", why.reason, REASON_TOO_LARGE);
	check_text(
	    "what came", find(REPLY_SERVER, COLLECTOR_STATS, "uptime"), "1");
	check_number("ignored", reply_ignored(reply), 0);
	/* another collector has lines of its own */
	for (unsigned i = 0; i < COLLECTOR_ENTRIES_USUAL; i++)
		check_number("others", add(COLLECTOR_SETTINGS, "?", "x"), 0);
	check("others", !reply_has_failed(reply, COLLECTOR_SETTINGS));
	check_number("others", add(COLLECTOR_SETTINGS, "maxconns", "x"), 0);
	check("others", reply_has_failed(reply, COLLECTOR_SETTINGS));
}

/* Values as long as can be, for one key after the other. */
TEST(too_much_text)
{
	static char text[UINT16_MAX + 1];
	struct span value = { text, UINT16_MAX };
	size_t kept = 0;
	int r = 0;

	for (size_t f = 0; f < catalogue_len && r == 0; f++) {
		const struct series *s = catalogue[f].series;
		struct span old;

		if (catalogue[f].slab ||
		    reply_find(reply, REPLY_SERVER, s->collector, s->key, &old))
			continue;
		r = reply_add(
		    reply, s->collector, span_of(s->key), value, &why);
		if (reply_has_failed(reply, s->collector))
			r = -1;
		kept += r == 0;
	}
	check_number("full", r, -1);
	check_number("kept", kept, (REPLY_TEXT_MAX - 1) / UINT16_MAX);
}

TEST(long_value)
{
	static char text[UINT16_MAX + 1];
	struct span value = { text, sizeof(text) };

	check_number("long",
	    reply_add(reply, COLLECTOR_STATS, span_of("uptime"), value, &why),
	    0);
	check_number("long", reply_ignored(reply), 1);
	check_text(
	    "long", find(REPLY_SERVER, COLLECTOR_STATS, "uptime"), "(absent)");
	value.len = UINT16_MAX;
	check_number("longest",
	    reply_add(reply, COLLECTOR_STATS, span_of("uptime"), value, &why),
	    0);
	check_number("longest",
	    find(REPLY_SERVER, COLLECTOR_STATS, "uptime").len, UINT16_MAX);
}

TEST(values)
{
	static const struct span bytes = SPAN("a\0b\xff ");

	(void)add(COLLECTOR_STATS, "uptime", "first");
	(void)add(COLLECTOR_STATS, "uptime", "second");
	(void)add(COLLECTOR_STATS, "version", "");
	(void)add(COLLECTOR_STATS, "version", "late");
	(void)reply_add(
	    reply, COLLECTOR_STATS, span_of("libevent"), bytes, &why);
	(void)add(COLLECTOR_SETTINGS, "maxconns", "s");
	check_text(
	    "repeated", find(REPLY_SERVER, COLLECTOR_STATS, "uptime"), "first");
	check_text("empty", find(REPLY_SERVER, COLLECTOR_STATS, "version"), "");
	check_bytes(
	    "bytes", find(REPLY_SERVER, COLLECTOR_STATS, "libevent"), bytes);
	check_text("other id", find(REPLY_SERVER, COLLECTOR_STATS, "maxconns"),
	    "(absent)");
	check_text(
	    "unknown", find(REPLY_SERVER, COLLECTOR_STATS, "?"), "(absent)");
	check_text("not sent", find(REPLY_SERVER, COLLECTOR_STATS, "threads"),
	    "(absent)");
	check_number("ignored", reply_ignored(reply), 0);
}

/* A key ends where it ends, whatever stands behind it. */
TEST(cut_keys)
{
	struct span cut = { "items:12:number", strlen("items:1") };

	check_number("cut",
	    reply_add(reply, COLLECTOR_ITEMS, cut, span_of("1"), &why), 0);
	check_number("cut", reply_slabs(reply), 0);
	check_number("cut", reply_ignored(reply), 1);
}

TEST(rejecting_counts_once)
{
	int n = keys_find(keys, COLLECTOR_STATS, false, span_of("uptime"));
	int slab =
	    keys_find(keys, COLLECTOR_SLABS, true, span_of("chunk_size"));

	(void)add(COLLECTOR_STATS, "uptime", "x");
	(void)add_slab(1, "x");
	(void)add_slab(2, "x");
	reply_ignore(reply);
	check_number("a line", reply_ignored(reply), 1);
	for (int i = 0; i < 2; i++)
		reply_reject(reply, REPLY_SERVER, (unsigned)n);
	check_number("a value", reply_ignored(reply), 2);
	for (int i = 0; i < 2; i++)
		reply_reject(reply, 0, (unsigned)slab);
	reply_reject(reply, 1, (unsigned)slab);
	check_number("of each class", reply_ignored(reply), 4);
}

TEST(asked_and_ended)
{
	struct plans *plans = plans_new(100);
	unsigned set =
	    COLLECTOR_BIT(COLLECTOR_STATS) | COLLECTOR_BIT(COLLECTOR_ITEMS);

	reply_asked(reply, plans_get(plans, set, set));
	reply_ended(reply, COLLECTOR_STATS);
	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		check_number(collector_name(s), reply_was_asked(reply, s),
		    s == COLLECTOR_STATS || s == COLLECTOR_ITEMS);
		check_number(collector_name(s), reply_has_ended(reply, s),
		    s == COLLECTOR_STATS);
	}
	plans_free(plans);
}

#define R(name) cmocka_unit_test_setup_teardown(name, begin, end)
TESTS("reply", R(slab_numbers), R(slabs_come_out_in_order),
    R(sections_share_slabs), R(too_many_slabs), R(too_many_entries),
    R(too_much_text), R(long_value), R(values), R(cut_keys),
    R(rejecting_counts_once), R(asked_and_ended))
