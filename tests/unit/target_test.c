/*
 * Which waiter is given which answer, and when, over collections that end when
 * the test says, on a clock that it moves.
 */
#include "memcached/target.h"

#include "base/address.h"
#include "fake_time.h"
#include "memcached/collection.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/status.h"
#include "memcached/tls.h"
#include "stats/plan.h"
#include "support.h"

#define MS 1000ULL
#define SECOND 1000000ULL

/* Told apart by where they are. */
static const struct plan one = { .asked = 1 }, three = { .asked = 3 };

/* ---- What a target is made of */

struct collection {
	struct collection_calls calls;
	bool stalled;
	unsigned starts, gave_up, hurried;
	const struct plan *plan;
	uint64_t soonest, deadline, hurry;
	enum close_reason closed;
};

static struct collection collection;
static unsigned holds; /* of the module */

struct collection *
collection_new(struct collection_env *env, const struct peer *peer,
    const struct collection_calls *calls)
{
	(void)env;
	(void)peer;
	collection = (struct collection){ .calls = *calls };
	return &collection;
}

void
collection_free(struct collection *c, enum close_reason reason)
{
	c->closed = reason;
}

bool
collection_start(struct collection *c, const struct plan *plan,
    uint64_t soonest_us, uint64_t deadline_us)
{
	if (c->stalled)
		return false;
	c->starts++;
	c->plan = plan;
	c->soonest = soonest_us;
	c->deadline = deadline_us;
	return true;
}

void
collection_hurry(struct collection *c, uint64_t deadline_us)
{
	c->hurried++;
	c->hurry = deadline_us;
}

/* Replies are told apart by where they point to. */
static char replies[8];

static struct reply *
reply_at(size_t i)
{
	return (struct reply *)(void *)&replies[i];
}

#define PARTIAL 7

static enum reason late_reason;

struct reply *
collection_late(struct collection *c, struct error *why)
{
	(void)error_because(why, late_reason, "late");
	return c->stalled ? NULL : reply_at(PARTIAL);
}

void
collection_give_up(struct collection *c)
{
	c->gave_up++;
}

bool
collection_close(struct collection *c, enum close_reason reason)
{
	c->closed = reason;
	return true;
}

uint64_t
collection_connected_since(const struct collection *c)
{
	(void)c;
	return 0;
}

struct module *
module_hold(struct module *m)
{
	holds++;
	return m;
}

void
module_release(struct module *m)
{
	(void)m;
	holds--;
}

struct tls_session *
tls_session_new(void)
{
	return NULL;
}

void
tls_session_free(struct tls_session *s)
{
	(void)s;
}

/* ---- Waiters */

#define NOT_ENDED SIZE_MAX
#define NOTHING (SIZE_MAX - 1) /* ended without a reply */

struct asker {
	struct waiter waiter;
	size_t reply; /* which it was given */
	enum reason reason;
	uint64_t at;
	const void *shared;
	char words[32];
};

static struct asker askers[6];
static unsigned releases; /* of what they share */

static void
release_shared(void *shared)
{
	(void)shared;
	releases++;
}

static void
on_done(struct outcome *outcome, void *arg)
{
	struct asker *a = arg;
	const char *reply = (const char *)(const void *)outcome->reply;

	assert_int_equal(a->reply, NOT_ENDED);
	a->reply = reply != NULL ? (size_t)(reply - replies) : NOTHING;
	a->reason = outcome->why != NULL ? outcome->why->reason : REASONS;
	a->at = now_us;
	assert_int_equal(outcome->at_us, now_us);
	if (outcome->shared == NULL) {
		outcome->shared = a; /* made by the first, for all */
		outcome->release = release_shared;
	}
	a->shared = outcome->shared;
	if (outcome->why != NULL)
		(void)snprintf(
		    a->words, sizeof(a->words), "%.20s", outcome->why->text);
}

static struct access access_text;
static struct peer peer = { .access = &access_text };
static struct collection_env env;

static struct target *
begin(void)
{
	now_us = START_US;
	TAILQ_INIT(&timers);
	releases = 0;
	late_reason = REASON_TIMEOUT;
	return target_new(&env, &peer);
}

static void
end(struct target *t)
{
	target_free(t, CLOSE_IDLE);
	assert_int_equal(collection.closed, CLOSE_IDLE);
	assert_int_equal(holds, 0);
	assert_null(TAILQ_FIRST(&timers));
}

static void
ask_for(struct target *t, unsigned i, uint64_t us, const struct plan *plan)
{
	askers[i] = (struct asker){ .reply = NOT_ENDED };
	askers[i].waiter.plan = plan;
	askers[i].waiter.deadline_us = now_us + us;
	askers[i].waiter.done = on_done;
	askers[i].waiter.arg = &askers[i];
	target_ask(t, &askers[i].waiter);
}

static void
ask(struct target *t, unsigned i, uint64_t us)
{
	ask_for(t, i, us, &one);
}

static void
answered(size_t reply, const struct error *why)
{
	collection.calls.done(reply_at(reply), why, collection.calls.arg);
	collection.calls.ready(collection.calls.arg);
}

#define GIVEN(i, which, why)                                                   \
	do {                                                                   \
		assert_int_equal(askers[i].reply, which);                      \
		assert_int_equal(askers[i].reason, why);                       \
	} while (0)

TEST(one_waiter)
{
	struct target *t = begin();

	assert_false(target_is_busy(t));
	ask(t, 0, SECOND);
	assert_true(target_is_busy(t));
	assert_int_equal(collection.deadline, START_US + SECOND);
	assert_int_equal(collection.soonest, START_US + SECOND);
	assert_int_equal(askers[0].reply, NOT_ENDED);
	answered(0, NULL);
	GIVEN(0, 0, REASONS);
	assert_int_equal(releases, 1);
	assert_false(target_is_busy(t));
	pass(2 * SECOND); /* its deadline is of no matter any more */
	end(t);
}

/* Those that come meanwhile share the next one, and what is made of it. */
TEST(group_commit)
{
	struct target *t = begin();
	struct error why;

	ask(t, 0, SECOND);
	pass(MS);
	ask(t, 1, 3 * SECOND);
	ask(t, 2, 2 * SECOND);
	assert_int_equal(collection.starts, 1);
	answered(0, NULL);
	GIVEN(0, 0, REASONS);
	assert_int_equal(askers[1].reply, NOT_ENDED);
	assert_int_equal(collection.starts, 2);
	assert_int_equal(collection.soonest, now_us + 2 * SECOND);
	assert_int_equal(collection.deadline, now_us + 3 * SECOND);
	(void)error_because(&why, REASON_CLOSED, "gone");
	answered(1, &why);
	GIVEN(1, 1, REASON_CLOSED);
	GIVEN(2, 1, REASON_CLOSED);
	assert_ptr_equal(askers[1].shared, askers[2].shared);
	assert_ptr_not_equal(askers[0].shared, askers[1].shared);
	assert_int_equal(releases, 2);
	assert_int_equal(collection.starts, 2);
	end(t);
}

/* None is told more, or less, than it asked for. */
TEST(only_the_same_plans_share)
{
	struct target *t = begin();

	ask_for(t, 0, SECOND, &one);
	ask_for(t, 1, SECOND, &three);
	ask_for(t, 2, SECOND / 2, &one);
	ask_for(t, 3, 2 * SECOND, &three);
	ask_for(t, 4, 9 * SECOND, &one);
	answered(0, NULL);
	assert_ptr_equal(collection.plan, &three);
	/* of all that wait: the next one must come in time, too */
	assert_int_equal(collection.soonest, START_US + SECOND / 2);
	assert_int_equal(collection.deadline, START_US + 2 * SECOND);
	assert_int_equal(askers[1].reply, NOT_ENDED);
	answered(1, NULL);
	GIVEN(1, 1, REASONS);
	GIVEN(3, 1, REASONS);
	assert_int_equal(askers[2].reply, NOT_ENDED);
	assert_ptr_equal(collection.plan, &one);
	answered(2, NULL);
	GIVEN(2, 2, REASONS);
	GIVEN(4, 2, REASONS);
	end(t);
}

TEST(one_that_has_less_time)
{
	struct target *t = begin();

	ask(t, 0, SECOND);
	pass(MS);
	ask(t, 1, 100 * MS);
	assert_int_equal(collection.hurried, 1);
	assert_int_equal(collection.hurry, now_us + 100 * MS);
	pass(100 * MS - 1);
	assert_int_equal(askers[1].reply, NOT_ENDED);
	pass(1);
	/* nothing was asked for it */
	GIVEN(1, NOTHING, REASON_TIMEOUT);
	assert_int_equal(askers[0].reply, NOT_ENDED);
	assert_int_equal(collection.gave_up, 0);
	answered(0, NULL);
	GIVEN(0, 0, REASONS);
	assert_int_equal(collection.starts, 1);
	end(t);
}

TEST(deadline)
{
	struct target *t = begin();

	ask(t, 0, SECOND);
	pass(SECOND - 1);
	assert_int_equal(askers[0].reply, NOT_ENDED);
	pass(1);
	GIVEN(0, PARTIAL, REASON_TIMEOUT);
	assert_int_equal(askers[0].at, START_US + SECOND);
	assert_int_equal(collection.gave_up, 1);
	assert_false(target_is_busy(t));
	end(t);
}

/* The collection goes on for those that have time left. */
TEST(deadline_of_one)
{
	struct target *t = begin();

	ask(t, 0, MS);
	ask(t, 1, SECOND);
	ask(t, 2, 2 * SECOND);
	answered(0, NULL);
	pass(SECOND);
	GIVEN(1, PARTIAL, REASON_TIMEOUT);
	assert_int_equal(askers[2].reply, NOT_ENDED);
	assert_int_equal(collection.gave_up, 0);
	answered(2, NULL);
	GIVEN(2, 2, REASONS);
	end(t);
}

/* Those that are due together share what is made of the end. */
TEST(deadline_of_many)
{
	struct target *t = begin();

	ask(t, 0, MS);
	for (unsigned i = 1; i < 5; i++)
		ask(t, i, SECOND);
	answered(0, NULL);
	pass(SECOND);
	for (unsigned i = 1; i < 5; i++) {
		GIVEN(i, PARTIAL, REASON_TIMEOUT);
		assert_ptr_equal(askers[i].shared, &askers[1]);
	}
	assert_int_equal(releases, 2);
	assert_int_equal(collection.gave_up, 1);
	end(t);
}

/* After a deadline those that wait get a collection of their own. */
TEST(next_after_a_deadline)
{
	struct target *t = begin();

	ask(t, 0, SECOND);
	pass(MS);
	ask(t, 1, 2 * SECOND);
	pass(SECOND - MS);
	GIVEN(0, PARTIAL, REASON_TIMEOUT);
	assert_int_equal(collection.starts, 2);
	assert_true(target_is_busy(t));
	answered(1, NULL);
	GIVEN(1, 1, REASONS);
	end(t);
}

/*
 * Its collection began too late to tell anything: what ended the one before
 * does.
 */
TEST(blames_the_earlier_one)
{
	static const struct {
		const char *name;
		uint64_t began_after; /* of its second */
		enum reason reason;
		bool down, blames;
	} rows[] = {
		{ "in the second half", SECOND / 2 + 1, REASON_TIMEOUT, true,
		    true },
		{ "in the first half", SECOND / 2, REASON_TIMEOUT, true,
		    false },
		{ "dns", SECOND / 2 + 1, REASON_DNS, true, true },
		{ "it has failed by itself", SECOND / 2 + 1, REASON_REFUSED,
		    true, false },
		{ "the earlier one was answered", SECOND / 2 + 1,
		    REASON_TIMEOUT, false, false },
	};

	for (EACH(r, rows)) {
		struct target *t = begin();
		struct error why;

		ask(t, 0, 10 * SECOND);
		ask(t, 1, SECOND);
		pass(r->began_after);
		(void)error_because(&why, REASON_CLOSED, "earlier");
		if (r->down)
			(void)status_note(target_status(t), NULL, &why, 0);
		late_reason = r->reason;
		answered(0, &why);
		pass(SECOND);
		check(r->name, askers[1].reply == PARTIAL);
		check_number(r->name, askers[1].reason,
		    r->blames ? REASON_CLOSED : r->reason);
		check_text(r->name, span_of(askers[1].words),
		    r->blames ? "earlier" : "late");
		end(t);
	}
}

/* Another one that is due then came just before, and has its own reason. */
TEST(blames_for_itself_alone)
{
	struct target *t = begin();
	struct error why;

	ask(t, 0, 10 * SECOND);
	ask(t, 1, SECOND);
	pass(500 * MS);
	ask(t, 2, 500 * MS);
	pass(50 * MS);
	(void)error_because(&why, REASON_CLOSED, "earlier");
	(void)status_note(target_status(t), NULL, &why, 0);
	answered(0, &why);
	pass(SECOND);
	GIVEN(1, PARTIAL, REASON_CLOSED);
	GIVEN(2, PARTIAL, REASON_TIMEOUT);
	end(t);
}

TEST(stalled)
{
	struct target *t = begin();

	collection.stalled = true;
	ask(t, 0, SECOND);
	pass(MS);
	ask(t, 1, 3 * SECOND);
	assert_true(target_is_busy(t));
	assert_int_equal(collection.starts, 0);
	pass(SECOND - MS);
	GIVEN(0, NOTHING, REASON_TIMEOUT);
	assert_int_equal(collection.gave_up, 0);
	/* the stall ends */
	collection.stalled = false;
	collection.calls.ready(collection.calls.arg);
	assert_int_equal(collection.starts, 1);
	answered(1, NULL);
	GIVEN(1, 1, REASONS);
	end(t);
}

TEST(stalled_until_none_waits)
{
	struct target *t = begin();

	collection.stalled = true;
	ask(t, 0, SECOND);
	pass(SECOND);
	assert_int_equal(collection.gave_up, 1);
	assert_false(target_is_busy(t));
	/* each that comes tries anew */
	collection.stalled = false;
	ask(t, 0, SECOND);
	assert_int_equal(collection.starts, 1);
	answered(0, NULL);
	end(t);
}

TEST(stall_that_a_newcomer_ends)
{
	struct target *t = begin();

	collection.stalled = true;
	ask(t, 0, SECOND);
	collection.stalled = false;
	ask(t, 1, SECOND);
	assert_int_equal(collection.starts, 1);
	answered(0, NULL);
	GIVEN(0, 0, REASONS);
	GIVEN(1, 0, REASONS);
	end(t);
}

TEST(stopped)
{
	struct target *t = begin();

	ask(t, 0, SECOND);
	ask(t, 1, SECOND);
	target_stop(t);
	GIVEN(0, NOTHING, REASON_OTHER);
	GIVEN(1, NOTHING, REASON_OTHER);
	assert_int_equal(collection.starts, 1);
	assert_true(target_is_busy(t));
	end(t);
}

/* A descriptor is to be had of an idle one. */
TEST(spared)
{
	struct target *t = begin();

	ask(t, 0, SECOND);
	assert_false(target_spare(t));
	answered(0, NULL);
	assert_true(target_spare(t));
	assert_int_equal(collection.closed, CLOSE_DESCRIPTORS);
	end(t);
}

TESTS("target", T(one_waiter), T(group_commit), T(only_the_same_plans_share),
    T(one_that_has_less_time), T(deadline), T(deadline_of_one),
    T(deadline_of_many), T(next_after_a_deadline), T(blames_the_earlier_one),
    T(blames_for_itself_alone), T(stalled), T(stalled_until_none_waits),
    T(stall_that_a_newcomer_ends), T(stopped), T(spared))
