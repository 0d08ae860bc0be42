/*
 * `stats detail dump`: commands by the prefix of their keys, while `stats
 * detail on` holds, which others have to send.
 *
 *	PREFIX users get 12 hit 10 set 3 del 1
 *
 * Of the busiest prefixes each has series of its own; what is left is added up
 * under the empty prefix. In the binary protocol all lines are the value of one
 * key, "detailed".
 */
#include "stats/detail.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "stats/collector.h"
#include "stats/line.h"
#include "stats/plan.h"

/* The longest key there is. */
#define PREFIX_BYTES_MAX 250

enum count {
	GET,
	HIT,
	SET,
	DEL,
	COUNTS
};

static const char *const words[COUNTS] = { "get", "hit", "set", "del" };

static answer_render_fn render;

static const struct answer_family family = { "memcached_prefix_commands_total",
	METRIC_COUNTER, "command,prefix,status",
	"Commands by prefix of the key, those of the less busy prefixes "
	"together"
	" under an empty one; of set and delete any outcome counts"
	" (get, hit, set, del of stats detail dump).",
	render };

struct prefix {
	char *name; /* owned */
	size_t len;
	uint64_t counts[COUNTS];
	uint64_t total;
};

/* A heap, the least busy prefix in front. */
struct detail {
	struct prefix *heap;
	size_t len, cap, max;
	struct prefix rest;
	bool has_rest;
};

static void
sift_down(struct detail *d, size_t i)
{
	for (;;) {
		size_t least = i, child = 2 * i + 1;

		for (size_t c = child; c < child + 2 && c < d->len; c++) {
			if (d->heap[c].total < d->heap[least].total)
				least = c;
		}
		if (least == i)
			return;
		struct prefix p = d->heap[i];

		d->heap[i] = d->heap[least];
		d->heap[least] = p;
		i = least;
	}
}

static void
sift_up(struct detail *d, size_t i)
{
	while (i > 0 && d->heap[i].total < d->heap[(i - 1) / 2].total) {
		struct prefix p = d->heap[i];

		d->heap[i] = d->heap[(i - 1) / 2];
		d->heap[(i - 1) / 2] = p;
		i = (i - 1) / 2;
	}
}

static void
add_to_rest(struct detail *d, const struct prefix *p)
{
	d->has_rest = true;
	for (size_t i = 0; i < COUNTS; i++)
		d->rest.counts[i] += p->counts[i];
}

static char *
copy_name(struct span name)
{
	char *copy = xmalloc(name.len);

	memcpy(copy, name.p, name.len);
	return copy;
}

/* Keeps the prefix, or adds it, or one less busy, to the rest. */
static void
keep(struct detail *d, struct prefix *p, struct span name)
{
	if (name.len == 0 || d->max == 0 ||
	    (d->len == d->max && p->total <= d->heap[0].total)) {
		add_to_rest(d, p);
		return;
	}
	p->name = copy_name(name);
	p->len = name.len;
	if (d->len == d->max) {
		add_to_rest(d, &d->heap[0]);
		free(d->heap[0].name);
		d->heap[0] = *p;
		sift_down(d, 0);
		return;
	}
	if (d->len == d->cap) {
		d->cap = d->cap > 0 ? 2 * d->cap : 16;
		d->heap = xreallocarray(d->heap, d->cap, sizeof(*d->heap));
	}
	d->heap[d->len++] = *p;
	sift_up(d, d->len - 1);
}

/* Cuts the last word off a line; it is empty where there is none. */
static struct span
take_last_word(struct span *line)
{
	size_t at = line->len;
	struct span word;

	while (at > 0 && line->p[at - 1] != ' ')
		at--;
	word = (struct span){ line->p + at, line->len - at };
	line->len = at > 0 ? at - 1 : 0;
	return word;
}

/* "users get 12 hit 10 set 3 del 1", from behind: a prefix may have blanks. */
static enum answer_result
take_prefix(struct detail *d, struct span text)
{
	struct prefix p = { 0 };

	for (size_t i = COUNTS; i-- > 0;) {
		struct span number = take_last_word(&text);
		struct span word = take_last_word(&text);

		if (!span_is(word, words[i]) ||
		    parse_u64(number, &p.counts[i]) < 0 ||
		    p.counts[i] > INT64_MAX)
			return ANSWER_IGNORED;
	}
	if (text.len > PREFIX_BYTES_MAX || p.counts[HIT] > p.counts[GET])
		return ANSWER_IGNORED;
	p.total = p.counts[GET] + p.counts[SET] + p.counts[DEL];
	keep(d, &p, text);
	return ANSWER_TAKEN;
}

static enum answer_result
take_line(struct detail *d, struct span text)
{
	static const char prefix[] = "PREFIX ";

	while (text.len > 0 && text.p[text.len - 1] == '\r')
		text.len--;
	if (!span_begins(text, prefix))
		return ANSWER_IGNORED;
	return take_prefix(d, (struct span){ text.p + sizeof(prefix) - 1,
				  text.len - (sizeof(prefix) - 1) });
}

/* The lines of a value, up to "END". */
static enum answer_result
take_lines(struct detail *d, struct span text)
{
	enum answer_result worst = ANSWER_TAKEN;

	while (text.len > 0 && !span_begins(text, "END")) {
		const char *lf = memchr(text.p, '\n', text.len);
		size_t len = lf != NULL ? (size_t)(lf - text.p) : text.len;
		size_t used = lf != NULL ? len + 1 : len;

		if (take_line(d, (struct span){ text.p, len }) != ANSWER_TAKEN)
			worst = ANSWER_IGNORED;
		text = (struct span){ text.p + used, text.len - used };
	}
	return worst;
}

static void
init(void *state, const struct plan *plan)
{
	struct detail *d = state;

	d->max = plan->prefixes_max;
}

static enum answer_result
take(void *state, const struct line *line)
{
	struct detail *d = state;

	if (line->kind == LINE_PREFIX)
		return take_line(d, line->text);
	if (span_is(line->key, "detailed"))
		return take_lines(d, line->value);
	return ANSWER_IGNORED;
}

static int
by_name(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	int r = memcmp(p->name, q->name, p->len < q->len ? p->len : q->len);

	if (r != 0)
		return r;
	return p->len < q->len ? -1 : p->len > q->len;
}

static void
end(void *state)
{
	struct detail *d = state;

	if (d->len > 0)
		qsort(d->heap, d->len, sizeof(*d->heap), by_name);
}

static void
add_sample(struct buf *out, const char *command, const char *status,
    const struct prefix *p, uint64_t value)
{
	buf_printf(out, "%s{command=\"%s\"", family.name, command);
	text_label(out, "prefix",
	    (struct span){ p->name != NULL ? p->name : "", p->len });
	text_label(out, "status", span_of(status));
	buf_add_str(out, "} ");
	buf_add_u64(out, value);
	buf_add_char(out, '\n');
}

static void
add_prefix(struct buf *out, const struct prefix *p)
{
	const uint64_t *n = p->counts;

	add_sample(out, "get", "hit", p, n[HIT]);
	add_sample(out, "get", "miss", p, n[GET] - n[HIT]);
	add_sample(out, "set", "any", p, n[SET]);
	add_sample(out, "delete", "any", p, n[DEL]);
}

static void
render(struct buf *out, enum text_format format, const struct answer_family *f,
    const void *state)
{
	const struct detail *d = state;

	if (d->len == 0 && !d->has_rest)
		return;
	text_family(out, format, f->name, f->type, f->help);
	for (size_t i = 0; i < d->len; i++)
		add_prefix(out, &d->heap[i]);
	if (d->has_rest)
		add_prefix(out, &d->rest);
}

static void
release(void *state)
{
	struct detail *d = state;

	for (size_t i = 0; i < d->len; i++)
		free(d->heap[i].name);
	free(d->heap);
}

const struct answer answer_detail = {
	.size = sizeof(struct detail),
	.init = init,
	.take = take,
	.end = end,
	.release = release,
	.has_prefix_lines = true,
	.families = &family,
	.families_len = 1,
};
