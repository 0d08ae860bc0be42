#include "stats/retrieve.h"

#include "stats/binary.h"
#include "stats/probe.h"
#include "stats/reply.h"
#include "stats/values.h"

/* What an answer is read with, and into. */
struct context {
	struct retrieve *rt;
	const struct plan *plan;
	const struct step *step;
	struct reply *reply;
};

static struct span
asked_key(const struct context *c)
{
	switch (c->step->kind) {
	case STEP_GETS:
		return c->plan->gets->list[c->rt->at].key;
	case STEP_CLUSTER:
		return cluster_key(c->step->way);
	case STEP_PROBE:
	case STEP_STATS:
		break;
	}
	return probe_key(c->plan->probe);
}

/* A get is over, with an error or without one. */
static enum retrieved
end_get(const struct context *c, struct values *v, size_t query)
{
	values_answered(v, query);
	return ++c->rt->at < c->plan->gets->len ? RETRIEVED_MORE
						: RETRIEVED_STEP;
}

static enum retrieved
take_get(const struct context *c, enum get_event event, struct span value)
{
	size_t query = c->plan->gets->list[c->rt->at].query;
	struct values *v = reply_values(c->reply);

	switch (event) {
	case GET_MORE:
		break;
	case GET_VALUE:
		values_take(v, query, value);
		break;
	case GET_OTHER_KEY:
		values_fail(v, query, VALUES_OTHER_KEY);
		break;
	case GET_TOO_LARGE:
		values_fail(v, query, VALUES_TOO_LARGE);
		break;
	case GET_REFUSED:
		values_fail(v, query, VALUES_REFUSED);
		return end_get(c, v, query);
	case GET_BROKEN:
		values_fail(v, query, VALUES_LENGTH);
		(void)end_get(c, v, query);
		return RETRIEVED_BROKEN;
	case GET_END:
		return end_get(c, v, query);
	}
	return RETRIEVED_MORE;
}

static enum retrieved
end_operation(const struct context *c, bool good)
{
	c->rt->is_good = false;
	reply_probe(c->reply, c->step->probe, good);
	return good || probe_goes_on(c->plan->probe, c->step->probe)
		   ? RETRIEVED_STEP
		   : RETRIEVED_ALL;
}

static enum retrieved
take_probe_get(const struct context *c, enum get_event event, struct span value)
{
	struct span wanted = probe_value(c->plan->probe);

	switch (event) {
	case GET_VALUE:
		c->rt->is_good =
		    wanted.p == NULL ||
		    (value.len == wanted.len &&
			memcmp(value.p, wanted.p, wanted.len) == 0);
		break;
	case GET_TOO_LARGE:
		c->rt->is_good = wanted.p == NULL;
		break;
	case GET_END:
		return end_operation(c, c->rt->is_good);
	case GET_REFUSED:
		return end_operation(c, false);
	case GET_BROKEN:
		return RETRIEVED_BROKEN;
	case GET_MORE:
	case GET_OTHER_KEY:
		break;
	}
	return RETRIEVED_MORE;
}

/* What was answered in one way is not asked in the next. */
static enum retrieved
take_cluster(const struct context *c, enum get_event event, struct span value)
{
	switch (event) {
	case GET_MORE:
		break;
	case GET_VALUE:
		reply_take_cluster(c->reply, value);
		c->rt->is_good = true;
		break;
	case GET_END:
		return c->rt->is_good ? RETRIEVED_ALL : RETRIEVED_STEP;
	case GET_REFUSED:
		return RETRIEVED_STEP;
	case GET_OTHER_KEY:
	case GET_TOO_LARGE:
	case GET_BROKEN:
		return RETRIEVED_BROKEN;
	}
	return RETRIEVED_MORE;
}

static bool
is_get(const struct step *step)
{
	return step->kind != STEP_PROBE || step->probe == PROBE_GET;
}

static enum retrieved
take_event(const struct context *c, enum get_event event, struct span value)
{
	switch (c->step->kind) {
	case STEP_GETS:
		return take_get(c, event, value);
	case STEP_CLUSTER:
		return take_cluster(c, event, value);
	case STEP_PROBE:
	case STEP_STATS:
		break;
	}
	return take_probe_get(c, event, value);
}

/* `config get` is answered as a `get` is, but for the first word. */
static struct line
as_of_get(const struct step *step, const struct line *line)
{
	struct line as = *line;

	if (step->kind == STEP_CLUSTER && line->kind == LINE_WORD &&
	    span_begins(line->text, "CONFIG "))
		as.kind = LINE_VALUE;
	return as;
}

enum retrieved
retrieve_line(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply, const struct line *line)
{
	const struct context c = { rt, plan, step, reply };
	const struct line as = as_of_get(step, line);

	if (step->kind == STEP_GETS && line->kind != LINE_LONG)
		rt->bytes += line->text.len;
	if (is_get(step))
		return take_event(&c, get_line(&rt->get, asked_key(&c), &as),
		    (struct span){ "", 0 });
	if (line->kind != LINE_LONG && line->text.len == 0)
		return RETRIEVED_MORE;
	return end_operation(
	    &c, line->kind != LINE_LONG && probe_is_good(step->probe, line));
}

enum retrieved
retrieve_bytes(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply, struct span bytes)
{
	const struct context c = { rt, plan, step, reply };
	enum get_event event;

	if (step->kind == STEP_GETS)
		rt->bytes += bytes.len;
	event = get_bytes(&rt->get, &bytes);

	return take_event(&c, event, bytes);
}

static uint8_t
opcode_of(const struct step *step)
{
	static const uint8_t opcodes[] = {
		[PROBE_VERSION] = BINARY_NOOP,
		[PROBE_SET] = BINARY_SET,
		[PROBE_GET] = BINARY_GETK,
		[PROBE_DELETE] = BINARY_DELETE,
	};
	_Static_assert(nitems(opcodes) == PROBE_OPERATIONS, "one for each");

	return is_get(step) ? BINARY_GETK : opcodes[step->probe];
}

/* A packet is a whole answer. */
static enum retrieved
take_get_packet(const struct context *c, const struct binary_packet *p)
{
	struct span key = asked_key(c);
	enum get_event event = GET_VALUE;

	if (p->status == BINARY_NOT_FOUND)
		return take_event(c, GET_END, p->value);
	if (p->status != BINARY_OK)
		return take_event(c, GET_REFUSED, p->value);
	if (p->is_long || p->value.len > LINE_VALUE_MAX)
		event = GET_TOO_LARGE;
	else if (p->key.len != key.len || memcmp(p->key.p, key.p, key.len) != 0)
		event = GET_OTHER_KEY;
	(void)take_event(c, event, p->value);
	return take_event(c, GET_END, p->value);
}

enum retrieved
retrieve_packet(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply, const struct binary_packet *p)
{
	const struct context c = { rt, plan, step, reply };
	size_t opaque = step->kind == STEP_GETS
			    ? BINARY_GETS + rt->at
			    : BINARY_PROBE + (size_t)step->probe;

	if (p->opcode != opcode_of(step) || p->opaque != opaque)
		return RETRIEVED_BROKEN;
	if (is_get(step))
		return take_get_packet(&c, p);
	return end_operation(&c,
	    p->status == BINARY_OK ||
		(step->probe == PROBE_DELETE && p->status == BINARY_NOT_FOUND));
}
