#include "stats/reply.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "stats/line.h"
#include "stats/plan.h"
#include "stats/slab_key.h"
#include "stats/values.h"

#define REPLY_TEXT_USUAL 8192 /* of some ten slab classes */

#define NO_CLASS UINT32_MAX

struct value {
	uint32_t at; /* in the text, from 1; 0 = not sent */
	uint16_t len;
	bool rejected;
};
_Static_assert(REPLY_TEXT_MAX < UINT32_MAX, "at must reach the text's end");

struct slab {
	uint32_t number;
	struct value *values; /* one for each key of a class */
};

struct reply {
	const struct keys *keys;
	struct buf text;
	struct value *values;               /* one for each key of the server */
	struct slab slabs[REPLY_SLABS_MAX]; /* ascending */
	size_t slabs_len;
	struct slab current; /* of the last line: many of one class follow */
	uint64_t ignored;
	const struct plan *plan;  /* NULL: not told */
	struct values *retrieved; /* NULL: no gets were asked for */
	struct probed probed;
	struct buf cluster;
	struct part {
		const struct answer *answer;
		size_t left; /* lines that may still come */
		bool asked, ended, failed;
		void *state; /* of its answer */
	} parts[COLLECTORS];
};

struct reply *
reply_new(const struct keys *keys)
{
	struct reply *r = xcalloc(1, sizeof(*r));

	r->keys = keys;
	r->values = xcalloc(keys_count(keys, false), sizeof(*r->values));
	r->current.number = NO_CLASS;
	for (size_t i = 0; i < COLLECTORS; i++) {
		r->parts[i].answer = collectors[i].answer;
		r->parts[i].left = collectors[i].entries_max;
	}
	buf_init(&r->text, REPLY_TEXT_MAX);
	buf_init(&r->cluster, LINE_VALUE_MAX);
	(void)buf_reserve(&r->text, REPLY_TEXT_USUAL);
	buf_add_char(&r->text, '\0'); /* so that no value is at 0 */
	return r;
}

static void
free_state(struct reply *r, enum collector_id id)
{
	struct part *part = &r->parts[id];
	const struct answer *answer = collectors[id].answer;

	if (part->state != NULL && answer->release != NULL)
		answer->release(part->state);
	free(part->state);
	part->state = NULL;
}

void
reply_free(struct reply *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->slabs_len; i++)
		free(r->slabs[i].values);
	for (size_t i = 0; i < COLLECTORS; i++)
		free_state(r, (enum collector_id)i);
	values_free(r->retrieved);
	buf_release(&r->cluster);
	free(r->values);
	buf_release(&r->text);
	free(r);
}

/*
 * Makes a class the current one; it is new where a server names it first.
 * Classes mostly come in ascending order.
 */
static int
enter_slab(struct reply *r, uint32_t number, struct error *e)
{
	size_t at = r->slabs_len;

	while (at > 0 && r->slabs[at - 1].number > number)
		at--;
	if (at > 0 && r->slabs[at - 1].number == number) {
		r->current = r->slabs[at - 1];
		return 0;
	}
	if (r->slabs_len == REPLY_SLABS_MAX)
		return error_because(e, REASON_TOO_LARGE,
		    "more than %d slab classes", REPLY_SLABS_MAX);
	memmove(&r->slabs[at + 1], &r->slabs[at],
	    (r->slabs_len - at) * sizeof(r->slabs[0]));
	r->current = (struct slab){ .number = number,
		.values =
		    xcalloc(keys_count(r->keys, true), sizeof(struct value)) };
	r->slabs[at] = r->current;
	r->slabs_len++;
	return 0;
}

static struct value *
value_at(const struct reply *r, int place, unsigned key)
{
	struct value *values =
	    place == REPLY_SERVER ? r->values : r->slabs[place].values;

	return &values[key];
}

/* The first of a repeated key stays. */
static int
keep(struct reply *r, struct value *v, struct span text, struct error *e)
{
	if (v->at != 0)
		return 0;
	if (!buf_reserve(&r->text, text.len))
		return error_because(e, REASON_TOO_LARGE,
		    "more than %u bytes of values", REPLY_TEXT_MAX);
	v->at = (uint32_t)r->text.len;
	v->len = (uint16_t)text.len;
	buf_add_span(&r->text, text);
	return 0;
}

static void *
new_state(const struct reply *r, const struct answer *answer)
{
	void *state = xcalloc(1, answer->size);

	if (answer->init != NULL && r->plan != NULL)
		answer->init(state, r->plan);
	return state;
}

static int
fail(struct reply *r, enum collector_id id)
{
	struct part *part = &r->parts[id];

	part->failed = true;
	part->left = 0;
	free_state(r, id);
	return id == COLLECTOR_STATS ? -1 : 0;
}

/* It has failed, or does so now. */
static __attribute__((noinline)) int
no_more(struct reply *r, enum collector_id id, struct error *e)
{
	if (r->parts[id].failed)
		return 0;
	(void)error_because(e, REASON_TOO_LARGE, "more than %zu STAT lines",
	    collectors[id].entries_max);
	return fail(r, id);
}

static int
add_up(struct reply *r, enum collector_id id, const struct line *line)
{
	struct part *part = &r->parts[id];

	if (part->answer->take == NULL)
		return 0;
	if (part->state == NULL)
		part->state = new_state(r, part->answer);
	switch (part->answer->take(part->state, line)) {
	case ANSWER_TAKEN:
		break;
	case ANSWER_IGNORED:
		r->ignored++;
		break;
	case ANSWER_FAILED:
		return fail(r, id);
	}
	return 0;
}

/* Not inlined: the line on the stack would burden all that need none. */
static __attribute__((noinline)) int
add_up_stat(
    struct reply *r, enum collector_id id, struct span key, struct span value)
{
	const struct line line = {
		.kind = LINE_STAT, .key = key, .value = value
	};

	return add_up(r, id, &line);
}

int
reply_add(struct reply *r, enum collector_id id, struct span key,
    struct span value, struct error *e)
{
	struct value *values;
	struct span name = key;
	struct part *part;
	uint32_t number;
	bool slab;
	int n;

	if (r == NULL)
		return 0;
	part = &r->parts[id];
	values = r->values;
	if (part->left == 0)
		return no_more(r, id, e);
	part->left--;
	if (!part->answer->is_filed)
		return add_up_stat(r, id, key, value);
	slab = slab_key_names(part->answer->classes, &name);
	if (value.len > UINT16_MAX ||
	    (slab && !slab_key_number(&name, &number))) {
		r->ignored++;
		return 0;
	}
	if (slab) {
		if (number != r->current.number && enter_slab(r, number, e) < 0)
			return fail(r, id);
		values = r->current.values;
	}
	n = keys_find(r->keys, id, slab, name);
	if (n < 0)
		return part->answer->take == NULL
			   ? 0
			   : add_up_stat(r, id, key, value);
	return keep(r, &values[n], value, e) < 0 ? fail(r, id) : 0;
}

int
reply_add_prefix(struct reply *r, enum collector_id id, const struct line *line,
    struct error *e)
{
	struct part *part = &r->parts[id];

	if (part->left == 0)
		return no_more(r, id, e);
	part->left--;
	return add_up(r, id, line);
}

void
reply_ignore(struct reply *r)
{
	if (r != NULL)
		r->ignored++;
}

void
reply_asked(struct reply *r, const struct plan *plan)
{
	r->plan = plan;
	for (size_t i = 0; i < plan->len; i++) {
		if (plan->steps[i].kind == STEP_STATS)
			r->parts[plan->steps[i].collector].asked = true;
	}
	if (plan->gets != NULL)
		r->retrieved = values_new(plan->gets);
}

void
reply_ended(struct reply *r, enum collector_id id)
{
	const struct answer *answer = collectors[id].answer;
	struct part *part;

	if (r == NULL || r->parts[id].failed)
		return;
	part = &r->parts[id];
	part->ended = true;
	if (answer->size > 0 && part->state == NULL)
		part->state = new_state(r, answer);
	if (answer->end != NULL)
		answer->end(part->state);
}

bool
reply_was_asked(const struct reply *r, enum collector_id id)
{
	return r->parts[id].asked;
}

bool
reply_has_ended(const struct reply *r, enum collector_id id)
{
	return r->parts[id].ended;
}

bool
reply_has_failed(const struct reply *r, enum collector_id id)
{
	return r->parts[id].failed;
}

uint64_t
reply_ignored(const struct reply *r)
{
	return r->ignored;
}

const struct keys *
reply_keys(const struct reply *r)
{
	return r->keys;
}

struct values *
reply_values(const struct reply *r)
{
	return r != NULL ? r->retrieved : NULL;
}

void
reply_probe(struct reply *r, enum probe_operation op, bool success)
{
	if (r != NULL)
		r->probed.operations[op].success = success;
}

void
reply_probe_took(struct reply *r, enum probe_operation op, uint64_t us)
{
	if (r == NULL)
		return;
	r->probed.operations[op].has_duration = true;
	r->probed.operations[op].us = us;
}

void
reply_take_cluster(struct reply *r, struct span text)
{
	if (r != NULL && r->cluster.len == 0)
		buf_add_span(&r->cluster, text);
}

struct span
reply_cluster(const struct reply *r)
{
	if (r == NULL)
		return (struct span){ "", 0 };
	return (struct span){ r->cluster.p, r->cluster.len };
}

const struct probed *
reply_probed(const struct reply *r)
{
	return &r->probed;
}

size_t
reply_slabs(const struct reply *r)
{
	return r->slabs_len;
}

uint32_t
reply_slab_number(const struct reply *r, size_t place)
{
	return r->slabs[place].number;
}

bool
reply_value(const struct reply *r, int place, unsigned key, struct span *value)
{
	const struct value *v = value_at(r, place, key);

	*value = (struct span){ r->text.p + v->at, v->len };
	return v->at != 0;
}

bool
reply_find(const struct reply *r, int place, enum collector_id id,
    const char *key, struct span *value)
{
	int n = keys_find(r->keys, id, place != REPLY_SERVER, span_of(key));

	return n >= 0 && reply_value(r, place, (unsigned)n, value);
}

const void *
reply_state(const struct reply *r, enum collector_id id)
{
	const struct part *part = &r->parts[id];

	return part->ended ? part->state : NULL;
}

void
reply_reject(struct reply *r, int place, unsigned key)
{
	struct value *v = value_at(r, place, key);

	if (v->rejected)
		return;
	v->rejected = true;
	r->ignored++;
}
