#include "http/auth.h"

#include <pthread.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/worker.h"

#include "auth_ask.h"

/* A test that hangs fails. */
#define SECONDS_MAX 60

/*
 * Threads are free again only when the loop has run: until then what is asked
 * first is under way, and the rest waits.
 */
static struct event_base *base;

/* Takes far longer than CHEAP. */
#define DEAR "$2b$10$abcdefghijklmnopqrstuu"

static int
begin(void **unused)
{
	(void)unused;
	(void)alarm(SECONDS_MAX);
	from = 0;
	base = event_base_new();
	auth = auth_new(base);
	return 0;
}

static int
end(void **unused)
{
	(void)unused;
	auth_free(auth);
	auth = NULL;
	event_base_free(base);
	(void)alarm(0);
	return 0;
}

static void
wait_for(const int *verdict)
{
	while (*verdict == PENDING)
		(void)event_base_loop(base, EVLOOP_ONCE);
}

static int
verdict_of(const char *pair)
{
	int verdict;

	ask(pair, &verdict);
	wait_for(&verdict);
	return verdict;
}

TEST(verdicts)
{
	static const char *const users[][2] = {
		{ "a", "first" },
		{ "b", "second" },
		{ "c", "" },
	};
	static const struct {
		const char *pair;
		enum auth_verdict verdict;
	} rows[] = {
		{ "a:first", AUTH_RIGHT },
		{ "b:second", AUTH_RIGHT },
		{ "c:", AUTH_RIGHT },
		{ "a:second", AUTH_WRONG },
		{ "b:first", AUTH_WRONG },
		{ "a:", AUTH_WRONG },
		{ "A:first", AUTH_WRONG },
		{ "d:second", AUTH_WRONG },
		/* hashes that unknown names may be compared with */
		{ "d:first", AUTH_WRONG },
		{ "d:", AUTH_WRONG },
		{ ":first", AUTH_WRONG },
		{ "a:first:", AUTH_WRONG },
	};

	check("no users", !auth_is_needed(auth));
	use(nitems(users), users);
	check("users", auth_is_needed(auth));
	for (EACH(r, rows))
		check_number(r->pair, verdict_of(r->pair), r->verdict);
}

/* A verdict that is known comes at once, right or wrong. */
TEST(remembers)
{
	static const char *const pairs[] = { "a:pw", "a:other", "b:pw" };
	int verdict;

	use_one("a", "pw");
	for (EACH(pair, pairs)) {
		ask(*pair, &verdict);
		check_number(*pair, verdict, PENDING);
		wait_for(&verdict);
		check_number(*pair, verdict_of(*pair), verdict);
		ask(*pair, &verdict);
		check(*pair, verdict != PENDING);
	}
}

static uint64_t
time_of(const char *pair)
{
	uint64_t begin = clock_us();

	check_number(pair, verdict_of(pair), AUTH_WRONG);
	return clock_us() - begin;
}

/* Where costs differ, a name that is not there is like one that is. */
TEST(unknown_names)
{
	char names[][2] = { "a", "b" };
	struct web_user users[] = { { names[0], NULL }, { names[1], NULL } };
	uint64_t least = UINT64_MAX, most = 0;

	users[0].hash = strdup(crypt("pw", CHEAP));
	users[1].hash = strdup(crypt("pw", DEAR));
	auth_use(auth, users, nitems(users));
	for (int i = 0; i < 20; i++) {
		char pair[32];
		uint64_t us;

		(void)snprintf(pair, sizeof(pair), "nobody %d:pw", i);
		us = time_of(pair);
		if (us < least)
			least = us;
		if (us > most)
			most = us;
	}
	check("some are cheap, some are dear", most > 8 * least);
	for (EACH(user, users))
		free(user->hash);
}

TEST(no_credentials)
{
	static const char *const headers[] = { NULL, "", "Basic", "Bearer x",
		"Basic bmFtZQ==" };

	use_one("a", "pw");
	for (EACH(header, headers)) {
		int verdict = PENDING;

		auth_check(auth, *header, get_from, on_verdict, &verdict);
		check_number(
		    *header != NULL ? *header : "none", verdict, AUTH_WRONG);
	}
}

/* More askers of one pair than checks may wait: they are one check. */
TEST(shares)
{
	int verdicts[2 * AUTH_WAITING_MAX], others[WORKERS_MAX];

	use_one("a", "pw");
	for (EACH(v, verdicts))
		ask("a:pw", &verdicts[v - verdicts]);
	for (EACH(v, verdicts))
		wait_for(v);
	for (EACH(v, verdicts))
		check_number("under way", *v, AUTH_RIGHT);

	/* the same behind others, where it waits */
	use_one("a", "new");
	for (EACH(v, others)) {
		char pair[32];

		(void)snprintf(
		    pair, sizeof(pair), "a:%zu", (size_t)(v - others));
		ask(pair, &others[v - others]);
	}
	for (EACH(v, verdicts))
		ask("a:new", &verdicts[v - verdicts]);
	for (EACH(v, verdicts))
		wait_for(v);
	for (EACH(v, verdicts))
		check_number("waiting", *v, AUTH_RIGHT);
	for (EACH(v, others)) {
		wait_for(v);
		check_number("others", *v, AUTH_WRONG);
	}
}

/* Past the limit the last one that came is turned away. */
TEST(too_many_wait)
{
	static const char row[] = "too many";
	int verdicts[WORKERS_MAX + AUTH_WAITING_MAX + 3];
	size_t n = nitems(verdicts);

	use_one("a", "pw");
	ask_all(verdicts, n);
	for (size_t i = 0; i < n; i++)
		check_number(
		    row, verdicts[i], i >= n - 3 ? (int)AUTH_BUSY : PENDING);
	for (size_t i = 0; i < n; i++)
		wait_for(&verdicts[i]);
	for (size_t i = 0; i < n - 3; i++)
		check_number(row, verdicts[i], AUTH_WRONG);
	check_number("afterwards", verdict_of("a:pw"), AUTH_RIGHT);
}

/* The same when checks that were under way have to be made again. */
TEST(too_many_wait_again)
{
	int verdicts[WORKERS_MAX + AUTH_WAITING_MAX];
	size_t busy = 0;

	use_one("a", "old");
	ask_all(verdicts, nitems(verdicts));
	use_one("a", "new");
	for (EACH(v, verdicts)) {
		wait_for(v);
		busy += *v == AUTH_BUSY;
	}
	/* the first that comes back; a thread takes another one at once */
	check_number("too many again", busy, 1);
}

/* Whoever would wait for ever is told so at once. */
TEST(no_threads)
{
	pthread_attr_t usual, huge;
	int verdict;

	use_one("a", "pw");
	(void)pthread_getattr_default_np(&usual);
	(void)pthread_attr_init(&huge);
	(void)pthread_attr_setstacksize(&huge, SIZE_MAX / 4);
	(void)pthread_setattr_default_np(&huge);
	ask("a:pw", &verdict);
	(void)pthread_setattr_default_np(&usual);
	check_number("no thread", verdict, AUTH_BUSY);
	check_number("later", verdict_of("a:pw"), AUTH_RIGHT);
	(void)pthread_attr_destroy(&usual);
	(void)pthread_attr_destroy(&huge);
}

/* Where a user stays as it is, its verdict does, too. */
TEST(users_that_stay)
{
	static const char *const before[][2] = { { "a", "pw" }, { "b", "pw" } };
	static const char *const after[][2] = { { "a", "pw" }, { "b", "x" } };
	int verdict;

	use(nitems(before), before);
	check_number("a", verdict_of("a:pw"), AUTH_RIGHT);
	check_number("b", verdict_of("b:pw"), AUTH_RIGHT);
	use(nitems(after), after);
	ask("a:pw", &verdict);
	check_number("as it was", verdict, AUTH_RIGHT);
	ask("b:pw", &verdict);
	check_number("another hash", verdict, PENDING);
	wait_for(&verdict);
	check_number("another hash", verdict, AUTH_WRONG);
	use(1, after + 1);
	ask("a:pw", &verdict);
	check_number("gone", verdict, PENDING);
	wait_for(&verdict);
	check_number("gone", verdict, AUTH_WRONG);
}

/* However many wrong ones have come since. */
TEST(remembers_right_ones)
{
	int right, wrong[AUTH_VERDICTS_MAX + WORKERS_MAX];

	use_one("a", "pw");
	check_number("first", verdict_of("a:pw"), AUTH_RIGHT);
	for (EACH(verdict, wrong)) {
		char pair[32];

		(void)snprintf(
		    pair, sizeof(pair), "a:%zu", (size_t)(verdict - wrong));
		check_number(pair, verdict_of(pair), AUTH_WRONG);
	}
	ask("a:pw", &right);
	check_number("at once", right, AUTH_RIGHT);
}

/* Of verdicts the one not asked for longest is forgotten. */
TEST(forgets)
{
	static int verdicts[AUTH_VERDICTS_MAX];
	int verdict;

	use_one("a", "pw");
	check_number("first", verdict_of("a:pw"), AUTH_RIGHT);
	for (size_t i = 0; i < AUTH_VERDICTS_MAX; i++) {
		char pair[32];

		(void)snprintf(pair, sizeof(pair), "a:%zu", i);
		if (i == AUTH_VERDICTS_MAX - 1) {
			ask("a:pw", &verdict);
			check_number("the most", verdict, AUTH_RIGHT);
		}
		verdicts[i] = verdict_of(pair);
		check_number(pair, verdicts[i], AUTH_WRONG);
	}
	ask("a:pw", &verdict);
	check_number("asked for lately", verdict, AUTH_RIGHT);
	ask("a:1", &verdict);
	check_number("still there", verdict, AUTH_WRONG);
	ask("a:0", &verdict);
	check_number("forgotten", verdict, PENDING);
	wait_for(&verdict);
}

/* The users that are there when the verdict comes are those that count. */
TEST(users_change)
{
	int before, after, waiting[WORKERS_MAX];

	use_one("a", "old");
	ask("a:old", &before);
	ask("a:new", &after);
	ask_all(waiting, nitems(waiting));
	use_one("a", "new");
	wait_for(&before);
	wait_for(&after);
	check_number("the old password", before, AUTH_WRONG);
	check_number("the new one", after, AUTH_RIGHT);
	for (EACH(v, waiting))
		wait_for(v);

	/* what was known is no more */
	use_one("a", "old");
	ask("a:new", &after);
	check_number("not known any more", after, PENDING);
	wait_for(&after);
	check_number("wrong by now", after, AUTH_WRONG);

	/* the same users again change nothing */
	use_one("a", "old");
	ask("a:new", &after);
	check_number("still known", after, AUTH_WRONG);
}

/* Without users, whoever waits may ask. */
TEST(users_go)
{
	int verdicts[WORKERS_MAX + 2];

	use_one("a", "pw");
	ask_all(verdicts, nitems(verdicts));
	use(0, NULL);
	check("no users", !auth_is_needed(auth));
	for (EACH(v, verdicts)) {
		wait_for(v);
		check_number("without users", *v, AUTH_RIGHT);
	}
}

/* Under way or waiting, alone or not. */
TEST(freed)
{
	int verdicts[WORKERS_MAX + 3], again;

	use_one("a", "pw");
	ask_all(verdicts, nitems(verdicts));
	ask("a:0", &again);
	auth_free(auth);
	auth = NULL;
	for (EACH(v, verdicts))
		check_number("freed", *v, AUTH_BUSY);
	check_number("shared", again, AUTH_BUSY);
}

#define A(name) cmocka_unit_test_setup_teardown(name, begin, end)
TESTS("auth", A(verdicts), A(remembers), A(remembers_right_ones),
    A(unknown_names), A(no_credentials), A(shares), A(too_many_wait),
    A(too_many_wait_again), A(no_threads), A(users_that_stay), A(forgets),
    A(users_change), A(users_go), A(freed))
