#include "pages/chart.h"

#include <math.h>

#include "pages/charts.h"
#include "stats/reply.h"
#include "support.h"

#define SECOND 1000000ULL
#define MINUTE (60 * SECOND)
#define NOW (10000 * MINUTE)

TEST(quantities)
{
	static const struct {
		const char *name;
		enum unit unit;
		double n;
		const char *wanted;
	} rows[] = {
		{ "nothing", UNIT_COUNT, NAN, NOTHING },
		{ "zero", UNIT_COUNT, 0, "0" },
		{ "a count", UNIT_COUNT, 1024, "1024" },
		{ "the last as it is", UNIT_COUNT, 9999, "9999" },
		{ "thousands", UNIT_COUNT, 12345, "12.3 k" },
		{ "ten thousand", UNIT_COUNT, 10000, "10 k" },
		{ "a hundred", UNIT_COUNT, 100, "100" },
		{ "millions", UNIT_COUNT, 12e6, "12 M" },
		{ "2^64", UNIT_COUNT, 18446744073709551616.0, "18.4 E" },
		{ "more than there are prefixes", UNIT_COUNT, 1e24,
		    "1000000 E" },
		{ "bytes", UNIT_BYTES, 96, "96 B" },
		{ "a page less a bit", UNIT_BYTES, 1048560, "1 MiB" },
		{ "KiB", UNIT_BYTES, 1536, "1.5 KiB" },
		{ "64 MiB", UNIT_BYTES, 67108864, "64 MiB" },
		{ "a rate", UNIT_RATE, 0.066, "0.07/s" },
		{ "a larger rate", UNIT_RATE, 24.25, "24.2/s" },
		{ "a byte rate", UNIT_BYTE_RATE, 3145728, "3 MiB/s" },
		{ "a ratio", UNIT_RATIO, 0.9426, "94.3 %" },
		{ "not quite all", UNIT_RATIO, 0.99999, "99.9 %" },
		{ "all", UNIT_RATIO, 1, "100.0 %" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 100);
		quantity_add(&out, r->unit, r->n);
		check_text(r->name, span_of_buf(&out), r->wanted);
		buf_release(&out);
	}
}

/* The line `one` of a picture with such values, 3 minutes apart. */
TEST(gaps)
{
	static const struct {
		const char *name;
		size_t len;
		uint64_t apart_us;
		double y[4];
		const char *wanted;
	} rows[] = {
		{ "none", 0, MINUTE, { 0 }, "class=\"one\" d=\"\"" },
		{ "one is a dot", 1, 3 * MINUTE, { 10 },
		    "d=\"M1000.0 0.0h0\"" },
		{ "a line", 3, 3 * MINUTE, { 0, 5, 10 },
		    "d=\"M900.0 200.0h0L950.0 100.0L1000.0 0.0\"" },
		{ "a hole", 3, 3 * MINUTE, { 0, NAN, 10 },
		    "d=\"M900.0 200.0h0M1000.0 0.0h0\"" },
		{ "nothing at all", 2, 3 * MINUTE, { NAN, NAN }, "d=\"\"" },
		{ "no scrape for long", 2, 6 * MINUTE, { 0, 10 },
		    "d=\"M900.0 200.0h0M1000.0 0.0h0\"" },
	};

	for (EACH(r, rows)) {
		struct chart c = { .id = "x",
			.title = "X",
			.unit = UNIT_COUNT,
			.max = 10,
			.len = r->len,
			.lines_len = 1,
			.lines = { { .name = "" } } };
		struct buf out;

		for (size_t i = 0; i < r->len; i++) {
			c.ago_us[i] = (r->len - 1 - i) * r->apart_us;
			c.lines[0].y[i] = r->y[i];
		}
		buf_init(&out, 10000);
		chart_write(&out, &c);
		buf_add_char(&out, '\0');
		check(r->name, strstr(out.p, r->wanted) != NULL);
		check(r->name, !out.full);
		buf_release(&out);
	}
}

/* What the scale ends with. */
TEST(scales)
{
	static const struct {
		const char *name;
		enum unit unit;
		double y, max;
		const char *wanted; /* the label at the top */
	} rows[] = {
		{ "nothing happens", UNIT_RATE, 0, NAN, ">1/s<" },
		{ "no value", UNIT_RATE, NAN, NAN, ">1/s<" },
		{ "next of 1, 2, 5", UNIT_RATE, 1300, NAN, ">2000/s<" },
		{ "exactly", UNIT_RATE, 50, NAN, ">50/s<" },
		{ "bytes", UNIT_BYTE_RATE, 2.5 * 1048576, NAN, ">5 MiB/s<" },
		{ "almost the next prefix", UNIT_BYTE_RATE, 1023 * 1024, NAN,
		    ">1000 KiB/s<" },
		{ "the limit", UNIT_COUNT, 5, 1024, ">1024<" },
		{ "past the limit", UNIT_COUNT, 2048, 1024, ">2048<" },
		{ "no limit", UNIT_COUNT, 5, 0, ">5<" },
		{ "2^64 in a second", UNIT_RATE, 18446744073709551616.0, NAN,
		    ">20 E/s<" },
		{ "a ratio", UNIT_RATIO, 0.5, 1, ">100 %<" },
	};

	for (EACH(r, rows)) {
		struct chart c = { .id = "x",
			.title = "X",
			.unit = r->unit,
			.max = r->max,
			.len = 1,
			.lines_len = 1,
			.lines = { { .name = "", .y = { r->y } } } };
		struct buf out;

		buf_init(&out, 10000);
		chart_write(&out, &c);
		buf_add_char(&out, '\0');
		if (strstr(out.p, r->wanted) == NULL)
			print_error("%s\n", out.p);
		check(r->name, strstr(out.p, r->wanted) != NULL);
		buf_release(&out);
	}
}

/* The worst that a server can send has a bounded page, with numbers in it. */
TEST(largest)
{
	struct keys *keys = keys_new();
	struct histories *all = histories_new();
	struct history *slot = NULL;
	struct buf out;

	(void)history_look(all, &slot, NOW);
	for (size_t i = 0; i < HISTORY_POINTS_MAX; i++) {
		struct reply *reply = reply_new(keys);
		const char *value = i % 2 ? "18446744073709551614" : "0";
		struct error why;

		(void)reply_add(reply, COLLECTOR_STATS, SPAN("get_hits"),
		    span_of(value), &why);
		(void)reply_add(reply, COLLECTOR_STATS, SPAN("get_misses"),
		    span_of(value), &why);
		(void)reply_add(reply, COLLECTOR_STATS, SPAN("bytes"),
		    span_of(value), &why);
		history_note(&slot, reply, NOW + i * HISTORY_INTERVAL_US);
		reply_free(reply);
	}
	buf_init(&out, 100000);
	charts_write(
	    &out, slot, NOW + (HISTORY_POINTS_MAX - 1) * HISTORY_INTERVAL_US);
	assert_false(out.full);
	buf_add_char(&out, '\0');
	assert_null(strstr(out.p, "nan"));
	assert_null(strstr(out.p, "inf"));
	assert_non_null(strstr(out.p, "50.0 %"));
	buf_release(&out);
	history_drop(&slot);
	histories_free(all);
	keys_free(keys);
}

TESTS("pages/chart", T(quantities), T(gaps), T(scales), T(largest))
