/*
 * Which check has its turn. Threads finish in an order of their own, so here
 * jobs run when the test says so, in the order in which they were started.
 */
#include "base/mem.h"
#include "base/worker.h"

#include "auth_ask.h"

struct workers {
	work_fn *run;
	worked_fn *done;
	void *arg;
	void *jobs[WORKERS_MAX]; /* the oldest first */
	size_t len;
};

static struct workers *workers;

struct workers *
workers_new(struct event_base *base, work_fn *run, worked_fn *done, void *arg)
{
	(void)base;
	workers = xcalloc(1, sizeof(*workers));
	workers->run = run;
	workers->done = done;
	workers->arg = arg;
	return workers;
}

bool
workers_run(struct workers *ws, void *job)
{
	if (ws->len == WORKERS_MAX)
		return false;
	ws->jobs[ws->len++] = job;
	return true;
}

static void
finish_one(struct workers *ws)
{
	void *job = ws->jobs[0];

	ws->len--;
	memmove(ws->jobs, ws->jobs + 1, ws->len * sizeof(ws->jobs[0]));
	ws->run(job);
	ws->done(job, ws->arg);
}

void
workers_free(struct workers *ws)
{
	while (ws->len > 0)
		finish_one(ws);
	free(ws);
}

static int
begin(void **unused)
{
	(void)unused;
	from = 0;
	auth = auth_new(NULL);
	return 0;
}

static int
end(void **unused)
{
	(void)unused;
	auth_free(auth);
	return 0;
}

static void
wait_for(const int *verdict)
{
	while (*verdict == PENDING)
		finish_one(workers);
}

static int
verdict_of(const char *pair)
{
	int verdict;

	ask(pair, &verdict);
	wait_for(&verdict);
	return verdict;
}

/*
 * A crowd of wrong passwords fills the line, and comes again and again, from
 * one address or a few. A right one from elsewhere has its turn.
 */
TEST(addresses_take_turns)
{
	static const struct {
		const char *name;
		size_t addresses;
	} rows[] = { { "one address", 1 }, { "five addresses", 5 } };

	for (EACH(r, rows)) {
		int verdicts[WORKERS_MAX + AUTH_WAITING_MAX + 9], right;
		size_t n = nitems(verdicts);

		use_one("a", r->name);
		use_one("a", "pw");
		for (size_t i = 0; i < n; i++) {
			char pair[32];

			from = 1 + i % r->addresses;
			(void)snprintf(
			    pair, sizeof(pair), "a:%s %zu", r->name, i);
			ask(pair, &verdicts[i]);
		}
		from = 0;
		ask("a:pw", &right);
		check_number(r->name, right, PENDING);
		wait_for(&right);
		check_number(r->name, right, AUTH_RIGHT);
		/* what was under way, and one of each */
		check(r->name, count(verdicts, n, AUTH_WRONG) <=
				   WORKERS_MAX + r->addresses);
		for (EACH(v, verdicts))
			wait_for(v);
	}
}

/* In the order in which they came. */
TEST(first_come_first_served)
{
	int verdicts[WORKERS_MAX + 20];
	size_t n = nitems(verdicts);

	use_one("a", "pw");
	ask_all(verdicts, n);
	for (size_t i = 0; i < n; i++) {
		wait_for(&verdicts[i]);
		check_number("this one alone",
		    count(verdicts + i, n - i, AUTH_WRONG), 1);
	}
}

/*
 * A password that was right goes first, also in a crowd from its own address:
 * behind a proxy all have the same.
 */
TEST(once_right_goes_first)
{
	int verdicts[WORKERS_MAX + AUTH_WAITING_MAX + 9], right;
	char *hash = strdup(crypt("pw", "$2b$04$zzzzzzzzzzzzzzzzzzzzzu"));
	char name[] = "a";
	struct web_user user = { name, hash };

	use_one("a", "pw");
	check_number("first", verdict_of("a:pw"), AUTH_RIGHT);
	auth_use(auth, &user, 1);
	ask_all(verdicts, nitems(verdicts));
	ask("a:pw", &right);
	check_number("again", right, PENDING);
	wait_for(&right);
	check_number("again", right, AUTH_RIGHT);
	check_number("only what was under way is before it",
	    count(verdicts, nitems(verdicts), AUTH_WRONG), WORKERS_MAX);
	for (EACH(v, verdicts))
		wait_for(v);
	free(hash);
}

#define A(name) cmocka_unit_test_setup_teardown(name, begin, end)
TESTS("auth, turns", A(addresses_take_turns), A(first_come_first_served),
    A(once_right_goes_first))
