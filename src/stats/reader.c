#include "stats/reader.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stats/reader_inside.h"

/* Goes to the first step at or behind `from` that is asked. */
static void
go_to(struct reader *r, size_t from)
{
	const struct plan *plan = r->plan;

	while (from < plan->len && (plan->steps[from].bit & r->skipped) != 0)
		from++;
	r->at = from;
	r->collector =
	    from < plan->len ? plan->steps[from].collector : READER_END;
}

static struct reader *
new_reader(const struct keys *keys, const struct plan *plan)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->plan = plan;
	go_to(r, 0);
	r->reply = reply_new(keys);
	reply_asked(r->reply, plan);
	reader_sent(r, plan->asked, false);
	return r;
}

struct reader *
reader_new(const struct keys *keys, const struct plan *plan, bool credentials)
{
	struct reader *r = new_reader(keys, plan);

	r->credentials = credentials ? CREDENTIALS_READY : CREDENTIALS_NONE;
	line_splitter_init(&r->splitter.lines);
	return r;
}

struct reader *
reader_new_binary(const struct keys *keys, const struct plan *plan)
{
	struct reader *r = new_reader(keys, plan);

	r->binary = true;
	binary_splitter_init(&r->splitter.packets);
	return r;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	if (r->binary)
		binary_splitter_release(&r->splitter.packets);
	else
		line_splitter_release(&r->splitter.lines);
	reply_free(r->reply);
	free(r);
}

void
reader_next_answer(struct reader *r)
{
	r->understood = true;
	r->has_stat = false;
	go_to(r, r->at + 1);
}

int
reader_take_end(struct reader *r, struct error *e)
{
	if (reader_is_stats(r) && !r->has_stat)
		return error_because(e, REASON_PROTOCOL,
		    "stats was answered without a STAT line");
	reply_ended(r->reply, r->collector);
	reader_next_answer(r);
	return 0;
}

int
reader_take_retrieved(
    struct reader *r, enum retrieved retrieved, struct error *e)
{
	switch (retrieved) {
	case RETRIEVED_MORE:
		return 0;
	case RETRIEVED_STEP:
		reader_next_answer(r);
		return 0;
	case RETRIEVED_ALL:
		go_to(r, r->plan->len);
		return 0;
	case RETRIEVED_BROKEN:
		break;
	}
	return error_because(e, REASON_PROTOCOL,
	    "the answer to %s is none, or its length is wrong",
	    step_name(reader_step(r)));
}

enum reader_state
reader_feed(struct reader *r, struct span *data, struct error *e)
{
	enum reader_state state;

	r->bytes += data->len;
	if (!r->understood && !r->binary)
		sample_add(&r->sample, *data);
	state = r->binary ? reader_take_packets(r, data, e)
			  : reader_take_lines(r, data, e);
	if (state != READER_MORE)
		return state;
	if (reader_is_done(r))
		return READER_DONE;
	if (r->bytes > READER_BYTES_MAX + r->plan->more_bytes) {
		(void)error_because(e, REASON_TOO_LARGE,
		    "more than %zu bytes without the END of %s",
		    READER_BYTES_MAX + r->plan->more_bytes,
		    step_name(reader_step(r)));
		return READER_FAILED;
	}
	return READER_MORE;
}

void
reader_broken(const struct reader *r, struct error *why)
{
	struct error cause = *why;

	if (r->credentials == CREDENTIALS_SENT)
		cause.reason = REASON_AUTH;
	if (reader_is_no_memcached(r))
		(void)reader_no_memcached(r, cause.text, why);
	else
		(void)error_because(why, cause.reason, "%s; %s %s", cause.text,
		    r->bytes == 0 ? "no answer to" : "no END of",
		    reader_is_done(r) ? "stats" : step_name(reader_step(r)));
}

void
reader_sent(struct reader *r, unsigned steps, bool one_get)
{
	size_t at = r->retrieve.at;

	r->sent = steps;
	r->commands =
	    (size_t)__builtin_popcount(steps & (STEPS_STATS | STEPS_CLUSTER));
	if (steps & STEPS_GETS)
		r->gets_sent = one_get ? at + 1 : r->plan->gets->len;
}

bool
reader_owes(const struct reader *r)
{
	if (reader_is_done(r) || (reader_step(r)->bit & r->sent) == 0)
		return false;
	return reader_step(r)->kind != STEP_GETS ||
	       r->retrieve.at < r->gets_sent;
}

size_t
reader_bytes(const struct reader *r)
{
	return r->bytes;
}

size_t
reader_values(const struct reader *r)
{
	return r->retrieve.bytes;
}

size_t
reader_get(const struct reader *r)
{
	return r->retrieve.at;
}

void
reader_reopen(struct reader *r)
{
	line_splitter_release(&r->splitter.lines);
	line_splitter_init(&r->splitter.lines);
	r->retrieve.get = (struct get_answer){ 0 };
	r->has_stat = false;
}

void
reader_forget(struct reader *r)
{
	reply_free(r->reply);
	r->reply = NULL;
}

void
reader_skip(struct reader *r, unsigned steps)
{
	r->skipped = steps & ~COLLECTOR_BIT(COLLECTOR_STATS);
	go_to(r, 0);
	reader_sent(r, r->plan->asked & ~r->skipped, false);
}

unsigned
reader_missing(const struct reader *r)
{
	unsigned missing = 0;

	for (size_t i = r->at; i < r->plan->len; i++)
		missing |= r->plan->steps[i].bit;
	return missing & ~r->skipped;
}

unsigned
reader_refused(const struct reader *r)
{
	return r->refused;
}

bool
reader_is_silent(const struct reader *r)
{
	return r->bytes == 0;
}

struct reply *
reader_reply(const struct reader *r)
{
	return r->reply;
}
