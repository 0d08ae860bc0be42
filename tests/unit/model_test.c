/*
 * A model of group commit, hedge connections and deadlines: the real target,
 * its collections, connections and readers, on a fake clock and with a fake
 * server, through every order of events up to a depth. Each event is a letter;
 * what fails prints the path to it, which MODEL_PATH plays again.
 *
 * Checked on each path: a waiter is told once, by its deadline; nothing that it
 * is told was asked for before it came; a whole answer has every step of its
 * plan; a server that has answered `stats` to a collection is up; two sockets
 * at most; and in the end nothing is left, neither a timer nor a socket.
 */
#include <stdio.h>
#include <string.h>

#include "fake_server.h"
#include "memcached/collection.h"
#include "memcached/habits.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/target.h"
#include "stats/plan.h"
#include "stats/reply.h"
#include "support.h"

#define MS 1000ULL
#define SECOND 1000000ULL
#define STATS COLLECTOR_BIT(COLLECTOR_STATS)
#define SETTINGS COLLECTOR_BIT(COLLECTOR_SETTINGS)

/* Of events, beyond a row's own; make model goes further. */
#define DEPTH 4
#define DEPTH_MAX 64
#define WAITERS_MAX 4
#define NOT_YET UINT64_MAX

enum event_kind {
	ASK_SHORT = 'a', /* of the server's stats and settings */
	ASK_LONG = 'b',
	ASK_OTHER = 'c', /* the stats alone */
	DIALED = 'd',    /* the first dial; in capitals the second */
	REFUSED = 'r',
	ANSWER = 'f',     /* all that the first stream was asked */
	ONE_ANSWER = 'o', /* the oldest of it */
	ERROR_ANSWER = 'e',
	HANG_UP = 'h',
	TURN = 't', /* of the loop */
	TIME = 'n', /* passes, until the next timer */
	WAIT = 'w'  /* as long as the shortest may wait; not explored */
};

static const char events[] = "abcdDrRfFoOeEhHtn";

struct asker {
	struct waiter waiter;
	/* the last command before that; NOT_YET: it waits for the next one */
	uint64_t came, gathered;
	unsigned told;
};

static struct asker askers[WAITERS_MAX];
static size_t askers_len;
static bool mixed;               /* several plans were asked */
static unsigned errors;          /* that the server has answered */
static char path[DEPTH_MAX + 1]; /* to where we are */
static struct target *target;
static struct plans *plans;
static unsigned long long paths;

#define must(is) check(path, is)

static bool
number_of(const struct reply *reply, enum collector_id id, const char *key,
    uint64_t *number)
{
	struct span value;

	if (reply == NULL || !reply_find(reply, REPLY_SERVER, id, key, &value))
		return false;
	*number = strtoull(value.p, NULL, 10);
	return true;
}

static void
must_be_younger(const struct asker *a, const struct reply *reply)
{
	uint64_t number;

	if (number_of(reply, COLLECTOR_STATS, "curr_items", &number))
		must(number > a->came);
	if (number_of(reply, COLLECTOR_SETTINGS, "maxconns", &number))
		must(number > a->came);
}

/* What was refused, or stuck, before is not asked again. */
static void
must_be_whole(const struct asker *a, const struct reply *reply)
{
	const struct plan *plan = a->waiter.plan;
	bool asked = sent_other > a->gathered && errors == 0;

	must(reply_was_asked(reply, COLLECTOR_SETTINGS) ==
	     ((plan->asked & SETTINGS) != 0));
	if (asked && plan->asked & SETTINGS)
		must(reply_has_ended(reply, COLLECTOR_SETTINGS));
}

static void
on_told(struct outcome *outcome, void *arg)
{
	struct asker *a = arg;
	const struct reply *reply = outcome->reply;
	bool up = reply != NULL && reply_has_ended(reply, COLLECTOR_STATS);
	bool stopped =
	    outcome->why != NULL && outcome->why->reason == REASON_OTHER;

	must(a->told++ == 0);
	must(now_us <= a->waiter.deadline_us);
	must_be_younger(a, reply);
	must(outcome->why != NULL || up);
	if (outcome->why == NULL)
		must_be_whole(a, reply);
	if (!up && !mixed && !stopped && a->waiter.asking)
		must(a->gathered == NOT_YET || answered_stats <= a->gathered);
	(void)status_note(
	    target_status(target), reply, up ? NULL : outcome->why, 0);
}

static bool
ask(unsigned set, uint64_t us)
{
	struct asker *a = &askers[askers_len];

	if (askers_len == WAITERS_MAX)
		return false;
	if (askers_len > 0)
		mixed |= askers[0].waiter.plan != plans_get(plans, set, set);
	askers_len++;
	*a = (struct asker){ .came = numbers,
		.gathered = NOT_YET,
		.waiter = { .plan = plans_get(plans, set, set),
		    .deadline_us = now_us + us,
		    .done = on_told,
		    .arg = a } };
	target_ask(target, &a->waiter);
	return true;
}

/* The soonest timer of all. */
static bool
time_passes(void)
{
	struct fake_timer *timer = timer_due(UINT64_MAX);

	if (timer == NULL || timer->at <= now_us)
		return false;
	pass(timer->at - now_us);
	return true;
}

static bool
turns(void)
{
	if (timer_due(now_us) == NULL)
		return false;
	pass(0);
	return true;
}

static bool
answers_all(size_t stream)
{
	bool any = false;

	while (fake_answers(stream, NULL))
		any = true;
	return any;
}

/* False when there is nothing that this could happen to. */
static bool
play_event(char letter)
{
	bool second = letter < 'a';

	switch ((enum event_kind)(letter | 0x20)) {
	case ASK_SHORT:
		return ask(STATS | SETTINGS, 100 * MS);
	case ASK_LONG:
		return ask(STATS | SETTINGS, SECOND);
	case ASK_OTHER:
		return ask(STATS, SECOND);
	case DIALED:
		return fake_dialed(second, REASONS);
	case REFUSED:
		return fake_dialed(second, REASON_REFUSED);
	case ANSWER:
		return answers_all(second);
	case ONE_ANSWER:
		return fake_answers(second, NULL);
	case ERROR_ANSWER:
		errors++;
		return fake_answers(second, "ERROR\r\n");
	case HANG_UP:
		return fake_hangs_up(second);
	case TURN:
		return turns();
	case TIME:
		return time_passes();
	case WAIT:
		pass(100 * MS);
		return true;
	}
	return false;
}

static size_t
sockets(void)
{
	size_t n = 0;
	const struct dial *d;
	const struct stream *s;

	TAILQ_FOREACH (d, &dials, entry)
		n++;
	TAILQ_FOREACH (s, &streams, entry)
		n++;
	return n;
}

static bool
play(char letter)
{
	uint64_t before = numbers;

	if (!play_event(letter))
		return false;
	for (size_t i = 0; i < askers_len; i++) {
		struct asker *a = &askers[i];

		if (a->waiter.asking && a->gathered == NOT_YET)
			a->gathered = before;
	}
	must(sockets() <= 2);
	return true;
}

static bool
play_path(const char *letters)
{
	static struct access access_of = { .protocol = PROTOCOL_ASCII };
	static struct peer peer = { .access = &access_of };
	static struct collection_env env;
	bool played = true;

	if (plans == NULL) {
		plans = plans_new(3);
		env.connections.keys = keys_new();
	}
	now_us = START_US;
	numbers = sent_other = answered_stats = askers_len = 0;
	mixed = false;
	errors = 0;
	target = target_new(&env, &peer);
	while (played && *letters != '\0')
		played = play(*letters++);
	return played;
}

static void
must_all_be_told(void)
{
	for (size_t i = 0; i < askers_len; i++)
		must(askers[i].told == 1);
}

static void
end_path(bool stops)
{
	if (stops)
		target_stop(target);
	else
		while (play(TURN) || play(TIME))
			;
	must_all_be_told();
	if (!stops)
		must(!target_is_busy(target));
	target_free(target, CLOSE_SHUTDOWN);
	must(fake_is_clean());
}

/* All paths that go on from here. */
static void
explore(size_t len, size_t depth)
{
	if (depth == 0) {
		paths++;
		(void)play_path(path);
		end_path(true);
		(void)play_path(path);
		end_path(false);
		return;
	}
	for (const char *e = events; *e != '\0'; e++) {
		bool played;

		path[len] = *e;
		path[len + 1] = '\0';
		played = play_path(path);
		target_stop(target);
		target_free(target, CLOSE_SHUTDOWN);
		if (played)
			explore(len + 1, depth - 1);
	}
	path[len] = '\0';
}

static size_t
depth_wanted(void)
{
	const char *text = getenv("MODEL_DEPTH");

	return text != NULL ? strtoul(text, NULL, 10) : DEPTH;
}

TEST(every_order)
{
	static const struct {
		const char *name;
		const char *begin;
	} rows[] = {
		{ "new", "a" },
		{ "at rest", "bdft" },
		{ "asked again", "bdftb" },
		{ "two plans wait", "bdftbcb" },
		{ "two plans wait, the other way round", "bdftcbc" },
		{ "hedging", "bdftbwwwd" },
		{ "one late", "adw" },
		{ "two late", "adwadw" },
		{ "stuck", "bdowwwd" },
		{ "one by one", "bdowwwdFt" },
	};

	for (EACH(r, rows)) {
		(void)snprintf(path, sizeof(path), "%s", r->begin);
		must(play_path(path));
		end_path(false);
		paths = 0;
		explore(strlen(path), depth_wanted());
		print_message("%s: %llu paths\n", r->name, paths);
	}
}

/* For a look at one path. */
TEST(one_path)
{
	const char *text = getenv("MODEL_PATH");

	if (text == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s", text);
	must(play_path(path));
	end_path(false);
}

TESTS("model", T(one_path), T(every_order))
