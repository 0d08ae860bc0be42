#include "memcached/status.h"

#include "stats/reply.h"
#include "support.h"

/* A whole answer to `stats` with these values; NULL is a key not sent. */
static struct reply *
reply_of(const struct keys *keys, const char *const values[4])
{
	static const char *const names[] = { "get_hits", "get_misses", "bytes",
		"limit_maxbytes" };
	struct reply *reply = reply_new(keys);
	struct error why;

	for (size_t i = 0; i < nitems(names); i++) {
		if (values[i] != NULL)
			assert_int_equal(
			    reply_add(reply, COLLECTOR_STATS, span_of(names[i]),
				span_of(values[i]), &why),
			    0);
	}
	return reply;
}

/* In ten thousandths; -1 is none, -2 just below 1. */
static long
share(double ratio)
{
	if (ratio > 0.9999999 && ratio < 1)
		return -2;
	return ratio < 0 ? -1 : (long)(ratio * 10000 + 0.5);
}

TEST(ratios)
{
	static const struct {
		const char *name;
		const char *values[4];
		long hits;
		long memory;
	} rows[] = {
		{ "usual", { "9", "1", "25", "100" }, 9000, 2500 },
		{ "no lookup yet", { "0", "0", "0", "100" }, -1, 0 },
		{ "all missed", { "0", "7", "100", "100" }, 0, 10000 },
		{ "no key", { NULL, NULL, NULL, NULL }, -1, -1 },
		{ "no other key", { "1", NULL, "1", NULL }, -1, -1 },
		{ "no number", { "1", "x", "-1", "100" }, -1, -1 },
		{ "no memory", { "1", "0", "1", "0" }, 10000, -1 },
		{ "more than it may", { "1", "1", "150", "100" }, 5000, 15000 },
		{ "a sum past 64 bits",
		    { "18446744073709551615", "1", "1",
			"18446744073709551615" },
		    -2, -1 },
		{ "one miss in 2^60", { "1152921504606846976", "1", "1", "1" },
		    -2, 10000 },
		{ "one byte less than it may",
		    { "1", "0", "9223372036854775806", "9223372036854775807" },
		    10000, -2 },
		{ "bytes that have wrapped",
		    { "0", "1", "18446744073709550000", "100" }, 0, -1 },
		{ "a limit that has wrapped",
		    { "0", "1", "7", "9223372036854775808" }, 0, -1 },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct reply *reply = reply_of(keys, r->values);
		struct status s;

		status_init(&s);
		(void)status_note(&s, reply, NULL, 1);
		check_number(r->name, share(s.hit_ratio), r->hits);
		check_number(r->name, share(s.memory_ratio), r->memory);
		status_release(&s);
		reply_free(reply);
	}
	keys_free(keys);
}

/* Scrapes one after the other, and what is left of each. */
TEST(story)
{
	static const struct {
		const char *name;
		const char *error; /* NULL: up */
		enum reason reason;
		enum health health;
		bool news;
		bool is_since_now;
		long hits;
	} rows[] = {
		{ "the first is up", NULL, 0, HEALTH_UP, false, true, 5000 },
		{ "still", NULL, 0, HEALTH_UP, false, false, 5000 },
		{ "down", "no way", REASON_CLOSED, HEALTH_DOWN, true, true,
		    5000 },
		{ "the same", "no way", REASON_CLOSED, HEALTH_DOWN, false,
		    false, 5000 },
		{ "other words", "gone", REASON_CLOSED, HEALTH_DOWN, false,
		    false, 5000 },
		{ "another reason", "gone", REASON_AUTH, HEALTH_DOWN, true,
		    false, 5000 },
		{ "still that", "gone", REASON_AUTH, HEALTH_DOWN, false, false,
		    5000 },
		{ "up again", NULL, 0, HEALTH_UP, true, true, 5000 },
	};
	static const char *const values[4] = { "1", "1", NULL, NULL };
	struct keys *keys = keys_new();
	struct reply *reply = reply_of(keys, values);
	struct status s;

	status_init(&s);
	check_text("new", span_of(health_name(s.health)), "unknown");
	check("new", s.error == NULL && s.since > 0 && s.hit_ratio < 0);
	for (EACH(r, rows)) {
		struct error down;
		bool news;

		s.since = 7;
		if (r->error != NULL)
			(void)error_because(&down, r->reason, "%s", r->error);
		news = status_note(&s, r->error == NULL ? reply : NULL,
		    r->error != NULL ? &down : NULL, 1234);
		check_number(r->name, news, r->news);
		check_number(r->name, s.health, r->health);
		check_number(r->name, s.since != 7, r->is_since_now);
		check_number(r->name, share(s.hit_ratio), r->hits);
		check_number(r->name, s.duration_us, 1234);
		check_number(r->name, s.error != NULL, r->error != NULL);
		if (s.error != NULL) {
			check_text(r->name, span_of(s.error), r->error);
			check_number(r->name, s.reason, r->reason);
		}
	}
	status_release(&s);
	reply_free(reply);
	keys_free(keys);
}

/* A target's first scrape that fails is news. */
TEST(down_at_first)
{
	struct error down;
	struct status s;

	(void)error_because(&down, REASON_REFUSED, "nobody");
	status_init(&s);
	check("down at first", status_note(&s, NULL, &down, 1));
	status_release(&s);
}

/* Anybody may ask for it. */
TEST(what_a_server_said_is_left_out)
{
	struct status s;
	struct error down;

	status_init(&s);
	(void)error_because(&down, REASON_PROTOCOL, "stats was answered with:");
	(void)error_hear(&down, SPAN("SSH-2.0-OpenSSH_9.2"));
	(void)status_note(&s, NULL, &down, 1);
	check_text("heard", span_of(s.error),
	    "stats was answered with: (see the log)");
	status_release(&s);
}

TESTS("status", T(what_a_server_said_is_left_out), T(ratios), T(story),
    T(down_at_first))
