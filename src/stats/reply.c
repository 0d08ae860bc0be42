#include "stats/reply.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

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
	size_t entries;
	uint64_t ignored;
	bool asked[SECTIONS];
	bool ended[SECTIONS];
};

struct reply *
reply_new(const struct keys *keys)
{
	struct reply *r = xcalloc(1, sizeof(*r));

	r->keys = keys;
	r->values = xcalloc(keys_count(keys, false), sizeof(*r->values));
	r->current.number = NO_CLASS;
	buf_init(&r->text, REPLY_TEXT_MAX);
	(void)buf_reserve(&r->text, REPLY_TEXT_USUAL);
	buf_add_char(&r->text, '\0'); /* so that no value is at 0 */
	return r;
}

void
reply_free(struct reply *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->slabs_len; i++)
		free(r->slabs[i].values);
	free(r->values);
	buf_release(&r->text);
	free(r);
}

/* Cuts "<digits>:" off the front of *key. */
static int
take_number(struct span *key, uint32_t *number)
{
	const char *p = key->p, *end = p + key->len;
	uint32_t n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (n > REPLY_SLAB_NUMBER_MAX)
			return -1;
	}
	if (p == key->p || p == end || *p != ':')
		return -1;
	key->p = p + 1;
	key->len = (size_t)(end - key->p);
	*number = n;
	return 0;
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

/* Whether a key names a slab class; its words are then cut off the front. */
static bool
names_slab(enum section section, struct span *key)
{
	static const char prefix[] = "items:";

	if (section == SECTION_SLABS)
		return memchr(key->p, ':', key->len) != NULL;
	if (section != SECTION_ITEMS || !span_begins(*key, prefix))
		return false;
	key->p += sizeof(prefix) - 1;
	key->len -= sizeof(prefix) - 1;
	return true;
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

int
reply_add(struct reply *r, enum section section, struct span key,
    struct span value, struct error *e)
{
	bool slab = names_slab(section, &key);
	struct value *values = r->values;
	uint32_t number;
	int n;

	if (++r->entries > REPLY_ENTRIES_MAX)
		return error_because(e, REASON_TOO_LARGE,
		    "more than %d STAT lines", REPLY_ENTRIES_MAX);
	if (value.len > UINT16_MAX ||
	    (slab && take_number(&key, &number) < 0)) {
		reply_ignore(r);
		return 0;
	}
	if (slab) {
		if (number != r->current.number && enter_slab(r, number, e) < 0)
			return -1;
		values = r->current.values;
	}
	n = keys_find(r->keys, section, slab, key);
	return n < 0 ? 0 : keep(r, &values[n], value, e);
}

void
reply_ignore(struct reply *r)
{
	r->ignored++;
}

void
reply_asked(struct reply *r, enum section section)
{
	r->asked[section] = true;
}

void
reply_ended(struct reply *r, enum section section)
{
	r->ended[section] = true;
}

bool
reply_was_asked(const struct reply *r, enum section section)
{
	return r->asked[section];
}

bool
reply_has_ended(const struct reply *r, enum section section)
{
	return r->ended[section];
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
reply_find(const struct reply *r, int place, enum section section,
    const char *key, struct span *value)
{
	int n =
	    keys_find(r->keys, section, place != REPLY_SERVER, span_of(key));

	return n >= 0 && reply_value(r, place, (unsigned)n, value);
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
