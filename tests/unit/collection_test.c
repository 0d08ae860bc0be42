/*
 * The timing of collections, over connections that do what the test says and
 * on a clock that it moves.
 */
#include "memcached/collection.h"

#include "fake_time.h"
#include "memcached/habits.h"
#include "memcached/links.h"
#include "memcached/peer.h"
#include "stats/plan.h"
#include "support.h"

#define MS 1000ULL
#define SECOND 1000000ULL
#define ALL 0xfU /* steps: stats and three more */
#define STATS 0x1U

static const struct plan all = { .asked = ALL };

/* ---- Connections */

#define CONNECTIONS_MAX 32

struct connection {
	connection_fn *done;
	void *arg;
	bool open; /* it has not been closed */
	enum close_reason reason;
	struct ask ask;
	unsigned asks;

	/* what the test says of it */
	bool broken; /* no longer usable */
	bool reused, reached, silent, cut_off, undrainable, drained, rested;
	unsigned answered, refused, stuck;
	uint64_t heard, since;
	struct error why;
};

static struct connection connections[CONNECTIONS_MAX];
static unsigned made; /* connections, since the test began */

struct connection *
connection_new(struct connection_env *env, const struct peer *peer,
    connection_fn *done, void *arg)
{
	struct connection *con = &connections[made++];

	(void)env;
	(void)peer;
	assert_true(made <= CONNECTIONS_MAX);
	*con = (struct connection){ .done = done, .arg = arg, .open = true };
	return con;
}

void
connection_close(struct connection *con, enum close_reason reason)
{
	if (con == NULL)
		return;
	assert_true(con->open);
	con->open = false;
	con->reason = reason;
}

void
connection_ask(struct connection *con, const struct ask *ask)
{
	assert_true(con->open && !con->broken);
	con->ask = *ask;
	con->reused = con->asks++ > 0;
	con->silent = true;
	con->drained = false;
	con->rested = false;
	con->answered = 0;
	con->heard = now_us;
}

bool
connection_drain(struct connection *con)
{
	con->drained = !con->undrainable;
	return con->drained;
}

bool
connection_is_usable(const struct connection *con)
{
	return con->open && !con->broken;
}

bool
connection_was_reused(const struct connection *con)
{
	return con->reused;
}

bool
connection_was_reached(const struct connection *con)
{
	return con->reached;
}

bool
connection_is_cut_off(const struct connection *con)
{
	return con->cut_off;
}

uint64_t
connection_since(const struct connection *con)
{
	return con->since;
}

bool
connection_is_silent(const struct connection *con)
{
	return con->silent;
}

uint64_t
connection_heard(const struct connection *con)
{
	return con->heard;
}

unsigned
connection_answered(const struct connection *con)
{
	return con->answered;
}

unsigned
connection_stuck(const struct connection *con)
{
	return con->stuck;
}

unsigned
connection_refused(const struct connection *con)
{
	return con->refused;
}

/* Its own address, for the test to compare. */
struct reply *
connection_reply(const struct connection *con)
{
	union {
		const struct connection *con;
		struct reply *reply;
	} u = { .con = con };

	return con->rested ? NULL : u.reply;
}

void
connection_rest(struct connection *con)
{
	con->rested = true;
}

void
connection_late(const struct connection *con, struct error *why)
{
	if (con->broken)
		*why = con->why;
	else
		(void)error_because(why, REASON_TIMEOUT, "late");
}

/* A reply is no real one here: habits has a test of its own. */
static bool restarted;

void
habits_note(struct habits *h, const struct reply *reply)
{
	assert_non_null(reply);
	if (restarted)
		*h = (struct habits){ .one_by_one = false };
}

bool
habits_one_by_one(struct habits *h, uint64_t now)
{
	(void)now;
	return h->one_by_one;
}

void
habits_learn(struct habits *h, unsigned refused, unsigned stuck, uint64_t now)
{
	(void)now;
	h->one_by_one = true;
	h->refused |= refused | stuck;
}

/* ---- What the test does with them */

static void
says(struct connection *con, unsigned answered)
{
	con->silent = false;
	con->reached = true;
	con->heard = now_us;
	con->answered |= answered;
}

static void
answers(struct connection *con)
{
	says(con, con->ask.plan->asked & ~con->ask.refused);
	con->done(con, NULL, con->arg);
}

static void
fails(struct connection *con, enum reason reason)
{
	con->broken = true;
	(void)error_because(&con->why, reason, "failed");
	con->done(con, &con->why, con->arg);
}

static unsigned
open_connections(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < made; i++)
		n += connections[i].open;
	return n;
}

/* ---- The collection, and what it has told */

static struct {
	unsigned done, ready;
	enum reason reason; /* REASONS: answered in full */
	const struct connection *by;
} told;

static void
on_done(struct reply *reply, const struct error *why, void *arg)
{
	union {
		struct reply *reply;
		const struct connection *con;
	} u = { .reply = reply };

	(void)arg;
	told.done++;
	told.reason = why != NULL ? why->reason : REASONS;
	told.by = u.con;
}

static void
on_ready(void *arg)
{
	(void)arg;
	told.ready++;
}

static unsigned spares; /* that the others can do */

static bool
on_spare(void *arg)
{
	(void)arg;
	return spares > 0 && spares-- > 0;
}

static struct collection_env env = { .spare = on_spare };
static struct access text = { .protocol = PROTOCOL_ASCII };
static struct access binary = { .protocol = PROTOCOL_BINARY };
static struct peer peer;

static struct collection *
begin(void)
{
	struct collection_calls calls = { .done = on_done, .ready = on_ready };

	peer.access = &text;
	made = spares = 0;
	restarted = false;
	told.done = told.ready = 0;
	now_us = START_US;
	TAILQ_INIT(&timers);
	return collection_new(&env, &peer, &calls);
}

static void
end(struct collection *c)
{
	collection_free(c, CLOSE_SHUTDOWN);
	assert_int_equal(open_connections(), 0);
	assert_null(TAILQ_FIRST(&timers));
}

/* One that has this time. */
static bool
start(struct collection *c, uint64_t us)
{
	return collection_start(c, &all, now_us + us, now_us + us);
}

static struct connection *const first = &connections[0];
static struct connection *const second = &connections[1];
static struct connection *const third = &connections[2];

/* As after one collection: the first connection is at rest. */
static struct collection *
begin_at_rest(void)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	answers(first);
	assert_int_equal(told.done, 1);
	told.done = told.ready = 0;
	return c;
}

TEST(answered)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	assert_int_equal(first->ask.plan->asked, ALL);
	assert_int_equal(first->ask.deadline_us, START_US + SECOND);
	assert_false(first->ask.one_by_one);
	answers(first);
	assert_int_equal(told.done, 1);
	assert_int_equal(told.ready, 1);
	assert_int_equal(told.reason, REASONS);
	assert_ptr_equal(told.by, first);
	assert_true(first->rested);
	pass(10 * SECOND);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 1);
	answers(first);
	first->since = 42;
	assert_int_equal(collection_connected_since(c), 42);
	assert_true(collection_close(c, CLOSE_DESCRIPTORS));
	assert_int_equal(first->reason, CLOSE_DESCRIPTORS);
	assert_false(collection_close(c, CLOSE_DESCRIPTORS));
	assert_int_equal(collection_connected_since(c), 0);
	end(c);
}

/* It is found closed when it is wanted, not by asking. */
TEST(closed_at_rest)
{
	struct collection *c = begin_at_rest();

	first->broken = true;
	assert_true(start(c, SECOND));
	assert_int_equal(made, 2);
	assert_false(first->open);
	assert_int_equal(second->asks, 1);
	end(c);
}

TEST(closed_after_the_answer)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	first->broken = true; /* more came than was asked */
	answers(first);
	assert_int_equal(told.reason, REASONS);
	assert_int_equal(open_connections(), 0);
	end(c);
}

TEST(failed)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	fails(first, REASON_REFUSED);
	assert_int_equal(told.done, 1);
	assert_int_equal(told.reason, REASON_REFUSED);
	assert_int_equal(told.ready, 1);
	assert_int_equal(open_connections(), 0);
	end(c);
}

/* ---- The hedge connection */

TEST(hedge_at_a_quarter)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	pass(SECOND / 4 - 1);
	assert_int_equal(made, 1);
	pass(1);
	assert_int_equal(made, 2);
	assert_int_equal(second->ask.plan->asked, ALL);
	assert_int_equal(second->ask.deadline_us, first->ask.deadline_us);
	assert_false(second->ask.one_by_one);
	pass(SECOND / 2);
	assert_int_equal(made, 2);
	end(c);
}

TEST(hedge_of_the_soonest)
{
	struct collection *c = begin_at_rest();
	uint64_t began = now_us;

	/* one of two has only 400 ms */
	assert_true(
	    collection_start(c, &all, began + 400 * MS, began + SECOND));
	pass(50 * MS);
	/* another has more time, and changes nothing */
	collection_hurry(c, now_us + 10 * SECOND);
	/* a third has 100 ms */
	pass(10 * MS);
	collection_hurry(c, now_us + 100 * MS);
	pass(25 * MS - 1);
	assert_int_equal(made, 1);
	pass(1);
	assert_int_equal(made, 2);
	end(c);
}

TEST(hedge_of_one_with_more_time)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	collection_hurry(c, now_us + 10 * SECOND);
	pass(SECOND / 4);
	assert_int_equal(made, 2);
	end(c);
}

/* There is no time for a quarter of it, but no server is silent at once. */
TEST(hedge_of_one_with_no_time)
{
	static const uint64_t lefts[] = { 0, 1 * MS, 39 * MS };

	for (EACH(left, lefts)) {
		struct collection *c = begin_at_rest();

		assert_true(start(c, SECOND));
		pass(MS);
		collection_hurry(c, now_us + *left);
		pass(10 * MS - 1);
		assert_int_equal(made, 1);
		pass(1);
		assert_int_equal(made, 2);
		end(c);
	}
}

TEST(no_hedge)
{
	static const struct {
		const char *name;
		bool fresh;        /* the connection is */
		unsigned answered; /* steps, and what is not whole */
		bool is_binary;
	} rows[] = {
		{ "a new connection", true, 0, false },
		{ "half an answer", false, 0, false },
		{ "half an answer of a new one", true, 0, false },
		{ "one of four, in binary", false, STATS, true },
	};

	for (EACH(r, rows)) {
		struct collection *c = r->fresh ? begin() : begin_at_rest();

		if (r->is_binary)
			peer.access = &binary;
		assert_true(start(c, SECOND));
		if (!r->fresh || r > rows)
			says(first, r->answered);
		pass(SECOND);
		check_number(r->name, made, 1);
		end(c);
	}
}

/* A quarter of what was left when the last byte came. */
TEST(hedge_when_the_rest_is_dropped)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	pass(200 * MS);
	says(first, STATS);
	pass(200 * MS - 1);
	assert_int_equal(made, 1);
	pass(1);
	assert_int_equal(made, 2);
	assert_true(second->ask.one_by_one);
	answers(second);
	assert_ptr_equal(told.by, second);
	assert_true(first->drained);
	/* that is remembered */
	assert_true(start(c, SECOND));
	assert_true(second->ask.one_by_one);
	end(c);
}

TEST(hedge_wins)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	pass(SECOND / 4);
	answers(second);
	assert_ptr_equal(told.by, second);
	assert_int_equal(told.done, 1);
	assert_true(first->open && first->drained);
	/* the one that answered goes on */
	assert_true(start(c, SECOND));
	assert_int_equal(second->asks, 2);
	/* the other's late answer: one of them is not needed any more */
	answers(second);
	answers(first);
	assert_int_equal(told.done, 2);
	assert_int_equal(open_connections(), 1);
	assert_int_equal((first->open ? second : first)->reason, CLOSE_HEDGE);
	end(c);
}

/* The failed one is kept for its reply, so there is no room for a third. */
TEST(no_room_for_a_hedge)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	pass(SECOND / 4);
	answers(second);
	assert_true(start(c, SECOND));
	answers(first); /* late, and asked again at once */
	assert_int_equal(first->asks, 3);
	says(first, STATS);
	fails(first, REASON_CLOSED);
	pass(SECOND / 4);
	/* nothing is waited for but the second one: no timer spins */
	assert_null(timer_due(now_us + SECOND));
	answers(second);
	assert_ptr_equal(told.by, second);
	end(c);
}

TEST(hedge_loses)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	pass(SECOND / 4);
	second->undrainable = true; /* still connecting */
	answers(first);
	assert_ptr_equal(told.by, first);
	assert_false(second->open);
	assert_int_equal(open_connections(), 1);
	end(c);
}

TEST(hedge_fails)
{
	static const struct {
		const char *name;
		enum reason reason;
		bool reached, silent;
		bool over; /* for the first one, too */
	} rows[] = {
		{ "nobody listens", REASON_REFUSED, false, true, true },
		{ "the first has spoken", REASON_REFUSED, false, false, false },
		{ "full", REASON_REFUSED, true, true, false },
		{ "no way", REASON_UNREACHABLE, false, true, false },
		{ "closed", REASON_CLOSED, true, true, false },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin_at_rest();

		assert_true(start(c, SECOND));
		pass(SECOND / 4);
		second->reached = r->reached;
		first->silent = r->silent;
		fails(second, r->reason);
		check_number(r->name, told.done, r->over);
		check(r->name, !second->open);
		check(r->name, first->open != r->over);
		if (!r->over) {
			answers(first);
			check(r->name, told.by == first);
			check_number(r->name, told.reason, REASONS);
		} else {
			check_number(r->name, told.reason, r->reason);
		}
		end(c);
	}
}

/* Then the hedge has the rest of the time. */
TEST(first_fails_beside_the_hedge)
{
	struct collection *c = begin_at_rest();

	assert_true(start(c, SECOND));
	pass(SECOND / 4);
	fails(first, REASON_CLOSED);
	assert_int_equal(told.done, 0);
	assert_false(first->open);
	answers(second);
	assert_int_equal(told.reason, REASONS);
	end(c);
}

/* ---- Another try */

TEST(reused_and_closed)
{
	static const struct {
		const char *name;
		bool fresh, silent;
		unsigned more; /* connections, and no further */
	} rows[] = {
		{ "before its first byte", false, true, 2 },
		{ "after it", false, false, 0 },
		{ "a new one", true, true, 1 },
	};

	for (EACH(r, rows)) {
		struct collection *c = r->fresh ? begin() : begin_at_rest();

		assert_true(start(c, SECOND));
		first->silent = r->silent;
		for (unsigned i = 0; i <= r->more; i++) {
			check_number(r->name, made, 1 + i);
			check_number(r->name, told.done, 0);
			/* the last one is for one command alone */
			check_number(r->name, connections[i].ask.one_by_one,
			    i == r->more && i > 0);
			fails(&connections[i], REASON_CLOSED);
		}
		check_number(r->name, made, 1 + r->more);
		check_number(r->name, told.done, 1);
		end(c);
	}
}

TEST(out_of_descriptors)
{
	struct collection *c = begin();

	spares = 2;
	assert_true(start(c, SECOND));
	fails(first, REASON_BUSY);
	fails(second, REASON_BUSY);
	assert_int_equal(made, 3);
	fails(third, REASON_BUSY);
	assert_int_equal(told.reason, REASON_BUSY);
	end(c);
}

TEST(one_by_one)
{
	static const struct {
		const char *name;
		enum reason reason;
		unsigned refused, answered;
		bool is_binary, tries, silent;
	} rows[] = {
		{ "stats is refused", REASON_PROTOCOL, STATS, 0, false, true,
		    false },
		{ "full", REASON_REFUSED, STATS, 0, false, false, false },
		{ "no credentials", REASON_AUTH, STATS, 0, false, false,
		    false },
		{ "nonsense", REASON_PROTOCOL, 0, 0, false, false, false },
		{ "closed after one", REASON_CLOSED, 0, STATS, false, true,
		    false },
		{ "closed within one", REASON_CLOSED, 0, 0, false, false,
		    false },
		{ "closed at once", REASON_CLOSED, 0, 0, false, true, true },
		{ "too much after one", REASON_TOO_LARGE, 0, STATS, false,
		    false, false },
		{ "binary", REASON_CLOSED, 0, STATS, true, false, false },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin();

		if (r->is_binary)
			peer.access = &binary;
		assert_true(start(c, SECOND));
		says(first, r->answered);
		first->refused = r->refused;
		first->silent = r->silent;
		fails(first, r->reason);
		check_number(r->name, made, 1 + r->tries);
		check_number(r->name, told.done, !r->tries);
		if (r->tries) {
			check(r->name, second->ask.one_by_one);
			answers(second);
			check_number(r->name, told.reason, REASONS);
			check(r->name, told.by == second);
		}
		end(c);
	}
}

/* Once, until the server answers: else each scrape would connect twice. */
TEST(tried_alone)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	first->silent = true;
	fails(first, REASON_CLOSED);
	assert_true(second->ask.one_by_one);
	fails(second, REASON_CLOSED);
	assert_int_equal(told.done, 1);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 3);
	assert_false(third->ask.one_by_one);
	third->silent = true;
	fails(third, REASON_CLOSED);
	assert_int_equal(told.done, 2);
	assert_int_equal(made, 3);
	end(c);
}

/* Several commands brought nothing: the next connection is asked for one. */
TEST(ignored)
{
	static const struct {
		const char *name;
		bool reached, silent, reused, one_by_one;
	} rows[] = {
		{ "ignored", true, true, false, true },
		{ "not reached", false, true, false, false },
		{ "slow", true, false, false, false },
		{ "stalled", true, true, true, false },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin();

		assert_true(start(c, SECOND));
		first->reached = r->reached;
		first->silent = r->silent;
		first->reused = r->reused;
		collection_give_up(c);
		assert_true(start(c, SECOND));
		check_number(r->name, made, 2);
		check_number(r->name, second->ask.one_by_one, r->one_by_one);
		end(c);
	}
}

/* What came over the better of the two, and why that was not all. */
TEST(both_failed)
{
	static const struct {
		const char *name;
		unsigned before, after;
		enum reason reason; /* the first's: closed; the second's: dns */
	} rows[] = {
		{ "the first got further", STATS | 2, STATS, REASON_CLOSED },
		{ "as far", STATS, STATS, REASON_CLOSED },
		{ "the second got further", STATS, STATS | 2, REASON_DNS },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin();

		assert_true(start(c, SECOND));
		says(first, r->before);
		fails(first, REASON_CLOSED);
		says(second, r->after);
		fails(second, REASON_DNS);
		check_number(r->name, told.done, 1);
		check_number(r->name, told.reason, r->reason);
		check(r->name,
		    told.by == (r->reason == REASON_DNS ? second : first));
		check_number(r->name, open_connections(), 0);
		end(c);
	}
}

/* One command is no pipeline, so it is not tried once more. */
TEST(only_one_command)
{
	struct collection *c = begin_at_rest();

	first->refused = ALL & ~STATS;
	assert_true(start(c, SECOND));
	first->refused = ALL;
	says(first, 0);
	fails(first, REASON_PROTOCOL);
	assert_int_equal(told.done, 1);
	end(c);
}

TEST(refused_is_remembered)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	first->refused = STATS;
	says(first, 0);
	fails(first, REASON_PROTOCOL);
	second->refused = 0x6;
	answers(second);
	assert_true(start(c, SECOND));
	assert_int_equal(second->ask.refused, 0x6);
	restarted = true;
	answers(second);
	assert_true(start(c, SECOND));
	assert_false(second->ask.one_by_one);
	assert_int_equal(second->ask.refused, 0);
	end(c);
}

/* ---- Late connections */

static void
deadline(struct collection *c)
{
	struct error why;

	pass(SECOND);
	(void)collection_late(c, &why);
	assert_int_equal(why.reason, REASON_TIMEOUT);
	collection_give_up(c);
}

TEST(late_is_used_again)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	deadline(c);
	assert_true(first->open && first->drained);
	answers(first);
	assert_int_equal(told.done, 0);
	assert_true(first->rested);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 1);
	assert_int_equal(first->asks, 2);
	end(c);
}

TEST(late_that_connects_is_closed)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	first->undrainable = true;
	deadline(c);
	assert_int_equal(open_connections(), 0);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 2);
	end(c);
}

/* Two are late: the next comes after 5 s, 10 s, … and 5 min at most. */
TEST(backoff)
{
	struct collection *c = begin();
	uint64_t wait = LINKS_BACKOFF_US;

	for (unsigned i = 0; i < 2; i++) {
		assert_true(start(c, SECOND));
		deadline(c);
	}
	for (unsigned i = 0; i < 10; i++) {
		assert_false(start(c, SECOND));
		pass(wait - 1);
		assert_int_equal(told.ready, i);
		assert_false(start(c, SECOND));
		pass(1);
		assert_int_equal(told.ready, i + 1);
		assert_true(start(c, SECOND));
		assert_int_equal(made, 3 + i);
		/* the older one gave way */
		assert_false(connections[i].open);
		assert_int_equal(connections[i].reason, CLOSE_TIMEOUT);
		assert_int_equal(open_connections(), 2);
		deadline(c);
		wait = 2 * wait < LINKS_BACKOFF_US_MAX ? 2 * wait
						       : LINKS_BACKOFF_US_MAX;
	}
	assert_int_equal(wait, LINKS_BACKOFF_US_MAX);
	end(c);
}

static struct collection *
begin_stalled(void)
{
	struct collection *c = begin();

	for (unsigned i = 0; i < 2; i++) {
		assert_true(start(c, SECOND));
		deadline(c);
	}
	assert_false(start(c, SECOND));
	return c;
}

/* One that is refused is no answer: it takes as long as before. */
TEST(backoff_after_a_failure)
{
	struct collection *c = begin_stalled();

	pass(LINKS_BACKOFF_US);
	assert_true(start(c, SECOND));
	fails(third, REASON_CLOSED);
	assert_true(start(c, SECOND));
	deadline(c);
	assert_false(start(c, SECOND));
	told.ready = 0;
	pass(2 * LINKS_BACKOFF_US - 1);
	assert_int_equal(told.ready, 0);
	pass(1);
	assert_int_equal(told.ready, 1);
	end(c);
}

TEST(stall_ends)
{
	struct collection *c = begin_stalled();
	struct error why;

	pass(MS);
	assert_null(collection_late(c, &why));
	assert_int_equal(why.reason, REASON_TIMEOUT);
	answers(second);
	assert_int_equal(told.ready, 1);
	assert_int_equal(told.done, 0);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 2);
	assert_int_equal(second->asks, 2);
	answers(second);
	/* the next two that are late begin anew with the first wait */
	answers(first);
	assert_int_equal(open_connections(), 1);
	end(c);
}

TEST(stall_ends_with_a_restart)
{
	struct collection *c = begin_stalled();

	fails(first, REASON_CLOSED);
	assert_int_equal(told.ready, 1);
	assert_int_equal(told.done, 0);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 3);
	assert_int_equal(open_connections(), 2);
	end(c);
}

TEST(stall_that_nothing_waits_for)
{
	struct collection *c = begin_stalled();

	collection_give_up(c);
	pass(LINKS_BACKOFF_US);
	assert_int_equal(told.ready, 0);
	assert_true(start(c, SECOND));
	assert_int_equal(made, 3);
	end(c);
}

/* What was sent is not even acknowledged: nothing is abandoned there. */
TEST(cut_off)
{
	struct collection *c = begin_stalled();

	second->cut_off = true;
	assert_true(start(c, SECOND));
	assert_false(second->open);
	assert_true(first->open);
	assert_int_equal(made, 3);
	end(c);
}

/* It answers again, so it is asked beside the new one, which is silent. */
TEST(late_one_answers_first)
{
	static const struct {
		const char *name;
		bool silent, usable;
		unsigned asks;
	} rows[] = {
		{ "silent", true, true, 2 },
		{ "speaking", false, true, 1 },
		{ "no longer usable", true, false, 1 },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin();

		assert_true(start(c, SECOND));
		deadline(c);
		assert_true(start(c, SECOND));
		second->silent = r->silent;
		first->broken = !r->usable;
		answers(first);
		check_number(r->name, told.done, 0);
		check_number(r->name, first->asks, r->asks);
		if (r->asks == 2) {
			answers(first);
			check(r->name, told.by == first);
		} else {
			answers(second);
			check(r->name, told.by == second);
		}
		check_number(r->name, told.done, 1);
		end(c);
	}
}

/* While the server answers new connections they are made at once. */
TEST(one_late_after_the_other)
{
	struct collection *c = begin_at_rest();

	for (unsigned i = 0; i < 5; i++) {
		assert_true(start(c, SECOND));
		pass(SECOND / 4);
		assert_int_equal(made, i + 2);
		answers(&connections[i + 1]);
		assert_int_equal(told.done, i + 1);
		assert_true(open_connections() <= LINKS_MAX);
	}
	end(c);
}

/* `stats` was answered, so the server is no stalled one. */
TEST(half_an_answer_each_time)
{
	struct collection *c = begin();

	peer.access = &binary; /* no hedge */
	for (unsigned i = 0; i < 5; i++) {
		assert_true(start(c, SECOND));
		assert_int_equal(made, i + 1);
		says(&connections[i], STATS);
		deadline(c);
		assert_true(open_connections() <= LINKS_MAX);
	}
	end(c);
}

/* At the deadline: which of two, and what is learned. */
TEST(late_over_two)
{
	static const struct {
		const char *name;
		unsigned one, two;
		bool by_second;
	} rows[] = {
		{ "neither has spoken", 0, 0, false },
		{ "the first got further", STATS | 2, STATS, false },
		{ "the second got further", STATS, STATS | 2, true },
		{ "only the second has spoken", 0, STATS, true },
	};

	for (EACH(r, rows)) {
		struct collection *c = begin_at_rest();
		struct error why;

		assert_true(start(c, SECOND));
		pass(SECOND / 4);
		if (r->one != 0)
			says(first, r->one);
		if (r->two != 0)
			says(second, r->two);
		pass(3 * SECOND / 4);
		check(r->name, (void *)collection_late(c, &why) ==
				   (void *)(r->by_second ? second : first));
		collection_give_up(c);
		check(r->name, first->drained && second->drained);
		end(c);
	}
}

TEST(stuck_is_remembered)
{
	struct collection *c = begin();

	assert_true(start(c, SECOND));
	says(first, STATS);
	pass(SECOND / 4);
	says(second, STATS);
	second->stuck = 0x2;
	second->refused = 0x8;
	deadline(c);
	answers(first);
	assert_true(start(c, SECOND));
	assert_true(first->ask.one_by_one);
	assert_int_equal(first->ask.refused, 0xa);
	end(c);
}

TESTS("collection", T(answered), T(closed_at_rest), T(closed_after_the_answer),
    T(failed), T(hedge_at_a_quarter), T(hedge_of_the_soonest),
    T(hedge_of_one_with_more_time), T(hedge_of_one_with_no_time), T(no_hedge),
    T(hedge_when_the_rest_is_dropped), T(hedge_wins), T(no_room_for_a_hedge),
    T(no_room_for_a_hedge), T(hedge_loses), T(hedge_fails),
    T(first_fails_beside_the_hedge), T(reused_and_closed),
    T(out_of_descriptors), T(one_by_one), T(tried_alone), T(ignored),
    T(both_failed), T(only_one_command), T(refused_is_remembered),
    T(late_is_used_again), T(late_that_connects_is_closed), T(backoff),
    T(backoff_after_a_failure), T(stall_ends), T(stall_ends_with_a_restart),
    T(stall_that_nothing_waits_for), T(cut_off), T(late_one_answers_first),
    T(one_late_after_the_other), T(half_an_answer_each_time), T(late_over_two),
    T(stuck_is_remembered))
