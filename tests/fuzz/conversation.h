/*
 * The parts of a conversation that a fuzzer strings together: requests that
 * wait for a target, and what its server does. Every waiter has to be told
 * once, by its deadline, and what it is told has to be text.
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include "../unit/fake_server.h"

#include "fuzz.h"
#include "memcached/collection.h"
#include "memcached/peer.h"
#include "memcached/target.h"
#include "stats/plan.h"
#include "stats/render.h"

#define WAITERS_MAX 16
#define TEXT_MAX (1U << 26)

/* Of a script: a byte for the part, one for its number; see part_play. */
enum part {
	PART_ASK,    /* with the plan and the deadline of the number */
	PART_DIALED, /* connected, or not for the reason of the number */
	PART_ANSWER, /* rightly, as many commands as the number says */
	PART_SAY,    /* as many bytes of the script */
	PART_REFUSE, /* a command, by one of the errors */
	PART_HANG_UP,
	PART_PASS, /* so many milliseconds */
	PART_CUT_OFF,
	PARTS
};

static struct waiter waiters[WAITERS_MAX];
static size_t waiters_len, waiters_told;

static void
on_told(struct outcome *outcome, void *arg)
{
	struct waiter *w = arg;
	struct buf text;

	assert(w->plan != NULL && now_us <= w->deadline_us);
	assert(outcome->why != NULL || outcome->reply != NULL);
	waiters_told++;
	for (int f = TEXT_PROMETHEUS; outcome->reply != NULL && f < 2; f++) {
		buf_init(&text, TEXT_MAX);
		render_reply(&text, (enum text_format)f, outcome->reply,
		    w->plan->on, NULL);
		fuzz_check_metrics((struct span){ text.p, text.len });
		buf_release(&text);
	}
	w->plan = NULL;
}

static void
ask(struct target *t, struct plans *plans, unsigned n)
{
	static const unsigned sets[] = { 0xf, 1, 0x7, ~0U };
	unsigned set = sets[n % nitems(sets)] & ((1U << COLLECTORS) - 1);
	struct waiter *w = &waiters[waiters_len];

	if (waiters_len == WAITERS_MAX)
		return;
	waiters_len++;
	*w = (struct waiter){ .plan = plans_get(plans, set, set),
		.deadline_us = now_us + 10000ULL * (1 + n),
		.done = on_told,
		.arg = w };
	target_ask(t, w);
}

/* Another target gives its descriptor, or there is none. */
static bool
on_spare(void *arg)
{
	(void)arg;
	return now_us % 2000 == 0;
}

/* Takes one part off the front of a script. */
static void
part_play(struct span *script, struct target *t, struct plans *plans)
{
	static const char *const errors[] = { "ERROR\r\n", "SERVER_ERROR x\r\n",
		"CLIENT_ERROR unauthenticated\r\n", "END\r\n" };
	unsigned part = (unsigned char)script->p[0] % PARTS;
	unsigned n = (unsigned char)script->p[1];
	size_t stream = (unsigned char)script->p[0] / PARTS % 2;
	struct span said;
	char *copy;

	*script = (struct span){ script->p + 2, script->len - 2 };
	if (part == PART_ASK)
		ask(t, plans, n);
	else if (part == PART_DIALED)
		fake_dialed(stream,
		    n < 128 ? REASONS
			    : REASON_REFUSED + n % (REASONS - REASON_REFUSED));
	else if (part == PART_ANSWER)
		while (fake_answers(stream, NULL) && n-- % 8 > 0)
			;
	else if (part == PART_REFUSE)
		fake_answers(stream, errors[n % nitems(errors)]);
	else if (part == PART_HANG_UP)
		fake_hangs_up(stream);
	else if (part == PART_PASS)
		pass(1000ULL * n);
	else if (part == PART_CUT_OFF)
		fake_cut_off = n % 2;
	else {
		copy = fuzz_cut(script, n, &said);
		fake_says(stream, said);
		free(copy);
	}
	if (stream == 0)
		pass(0);
}

#endif
