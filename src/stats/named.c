#include "stats/named.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "stats/line.h"

struct named_value {
	uint8_t kind; /* which of the prefixes */
	uint8_t len;
	char name[NAMED_BYTES_MAX];
	uint64_t value;
};

static bool
is_known(const struct named *n, size_t kind, struct span name)
{
	for (size_t i = 0; i < n->len; i++) {
		const struct named_value *v = &n->values[i];

		if (v->kind == kind && v->len == name.len &&
		    memcmp(v->name, name.p, name.len) == 0)
			return true;
	}
	return false;
}

static enum answer_result
add(struct named *n, size_t kind, struct span name, struct span text)
{
	struct named_value *v;
	uint64_t value;

	if (name.len == 0 || name.len > NAMED_BYTES_MAX ||
	    parse_u64(text, &value) < 0 || value > INT64_MAX)
		return ANSWER_IGNORED;
	if (is_known(n, kind, name))
		return ANSWER_TAKEN; /* the first stays */
	if (n->len == NAMED_MAX)
		return ANSWER_FAILED;
	if (n->len == n->cap) {
		n->cap = n->cap > 0 ? 2 * n->cap : 16;
		n->values = xreallocarray(n->values, n->cap, sizeof(*v));
	}
	v = &n->values[n->len++];
	v->kind = (uint8_t)kind;
	v->len = (uint8_t)name.len;
	v->value = value;
	memcpy(v->name, name.p, name.len);
	return ANSWER_TAKEN;
}

enum answer_result
named_take(struct named *n, const char *const *prefixes, size_t len,
    const struct line *line)
{
	struct span key = line->key;

	for (size_t i = 0; i < len; i++) {
		size_t cut = strlen(prefixes[i]);

		if (span_begins(key, prefixes[i]))
			return add(n, i,
			    (struct span){ key.p + cut, key.len - cut },
			    line->value);
	}
	return ANSWER_TAKEN;
}

void
named_render(struct buf *out, enum text_format format,
    const struct answer_family *f, size_t kind, const struct named *n)
{
	bool begun = false;

	for (size_t i = 0; i < n->len; i++) {
		const struct named_value *v = &n->values[i];

		if (v->kind != kind)
			continue;
		if (!begun)
			text_family(out, format, f->name, f->type, f->help);
		begun = true;
		buf_add_str(out, f->name);
		buf_add_char(out, '{');
		text_label(out, f->labels, (struct span){ v->name, v->len });
		buf_add_str(out, "} ");
		buf_add_u64(out, v->value);
		buf_add_char(out, '\n');
	}
}

void
named_release(void *state)
{
	struct named *n = state;

	free(n->values);
}
