#include "memcached/exchange.h"

#include "base/buf.h"
#include "base/clock.h"
#include "memcached/stream.h"
#include "stats/plan.h"
#include "stats/reply.h"

/*
 * memcached sends each value by itself. To wake up for each would cost more
 * than all else that is done for it, so answers with values are waited for
 * together, but for this part of the values, which may have become shorter.
 */
#define GATHER_LESS 8

void
exchange_begin(struct exchange *x, const struct ask *ask, unsigned refused,
    const struct keys *keys)
{
	x->heard = clock_us();
	reader_free(x->reader);
	plan_release(x->ask.plan);
	x->ask = *ask;
	x->ask.plan = plan_hold(ask->plan);
	x->ask.refused |= refused;
	x->reader = ask_reader(&x->ask, x->access, keys);
}

void
exchange_connected(struct exchange *x)
{
	x->begun = reader_missing(x->reader);
}

void
exchange_send(struct exchange *x, struct stream *stream)
{
	unsigned missing = reader_missing(x->reader);
	struct buf out;

	x->sent = ask_next(&x->ask, missing);
	buf_init(&out, ASK_BYTES_MAX);
	ask_commands(&out, &x->ask, x->access, x->sent, reader_get(x->reader),
	    !x->is_reused && missing == x->begun);
	reader_sent(x->reader, x->sent, x->ask.one_by_one);
	if (x->sent & STEPS_PROBE)
		x->sent_at = clock_us();
	if (x->sent & STEPS_GETS && !x->ask.one_by_one &&
	    x->usual_plan == x->ask.plan)
		stream_expect(stream, x->usual);
	stream_send(stream, &out);
}

void
exchange_authenticate(const struct exchange *x, struct stream *stream)
{
	struct buf out;

	buf_init(&out, ASK_BYTES_MAX);
	ask_credentials(&out, x->access);
	stream_send(stream, &out);
}

static void
exchange_time_probe(struct exchange *x)
{
	const struct plan *plan = x->ask.plan;

	if ((x->sent & STEPS_PROBE) == 0 || reader_owes(x->reader))
		return;
	for (size_t i = 0; i < plan->len; i++) {
		if (plan->steps[i].bit == x->sent)
			reply_probe_took(reader_reply(x->reader),
			    plan->steps[i].probe, x->heard - x->sent_at);
	}
}

static void
exchange_note_length(struct exchange *x, struct stream *stream)
{
	if ((x->sent & STEPS_GETS) == 0 || x->ask.one_by_one)
		return;
	stream_expect(stream, 1);
	if (reader_owes(x->reader))
		return;
	x->usual_plan = x->ask.plan;
	x->usual =
	    reader_bytes(x->reader) - reader_values(x->reader) / GATHER_LESS;
}

void
exchange_note(
    struct exchange *x, struct stream *stream, enum reader_state state)
{
	if (state == READER_MORE || state == READER_DONE)
		exchange_time_probe(x);
	exchange_note_length(x, stream);
}

unsigned
exchange_answered(const struct exchange *x)
{
	if (x->reader == NULL)
		return 0;
	return x->ask.plan->asked & ~x->ask.refused &
	       ~reader_missing(x->reader);
}

void
exchange_end(struct exchange *x)
{
	reader_free(x->reader);
	x->reader = NULL;
}

void
exchange_release(struct exchange *x)
{
	exchange_end(x);
	plan_release(x->ask.plan);
}
