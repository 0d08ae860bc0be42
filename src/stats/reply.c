#include "stats/reply.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/parse.h"

#define TABLE_FIRST 256 /* a power of two; doubles when half full */

static const struct {
	const char *name;
	const char *command;
} sections[] = {
	[SECTION_STATS] = { "stats", "stats\r\n" },
	[SECTION_SETTINGS] = { "settings", "stats settings\r\n" },
	[SECTION_SLABS] = { "slabs", "stats slabs\r\n" },
	[SECTION_ITEMS] = { "items", "stats items\r\n" },
	[SECTION_SCRUB] = { "scrub", "stats scrub\r\n" },
};
_Static_assert(nitems(sections) == SECTIONS, "a section without a name");

/* Offsets into the bag's text, which moves while it grows. */
struct entry {
	uint32_t hash;
	uint32_t slab;
	uint32_t at; /* the key; the value follows it */
	uint32_t value_len;
	uint16_t key_len;
	uint8_t section;
	bool rejected;
};

struct reply {
	struct buf text;
	struct entry *entries;
	size_t len;
	size_t cap;
	uint32_t *table; /* open addressing; entry number + 1, 0 = empty */
	size_t table_size;
	uint32_t slabs[REPLY_SLABS_MAX]; /* ascending */
	size_t slabs_len;
	uint64_t ignored;
	bool asked[SECTIONS];
	bool ended[SECTIONS];
};

const char *
section_name(enum section section)
{
	return sections[section].name;
}

const char *
section_command(enum section section)
{
	return sections[section].command;
}

struct reply *
reply_new(void)
{
	struct reply *r = xcalloc(1, sizeof(*r));

	buf_init(&r->text, REPLY_TEXT_MAX);
	r->table_size = TABLE_FIRST;
	r->table = xcalloc(r->table_size, sizeof(*r->table));
	return r;
}

void
reply_free(struct reply *r)
{
	if (r == NULL)
		return;
	buf_release(&r->text);
	free(r->entries);
	free(r->table);
	free(r);
}

/* FNV-1a over the key, with its section and class mixed in. */
static uint32_t
hash_of(enum section section, uint32_t slab, struct span key)
{
	uint32_t h = 2166136261U ^ (uint32_t)section ^ (slab << 8);

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (uint8_t)key.p[i]) * 16777619U;
	return h ^ (h >> 15);
}

/* The table's place of a key: where it is, or where it would go. */
static uint32_t *
place_of(const struct reply *r, uint32_t hash, enum section section,
    uint32_t slab, struct span key)
{
	size_t mask = r->table_size - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		const struct entry *e;

		if (r->table[i] == 0)
			return &r->table[i];
		e = &r->entries[r->table[i] - 1];
		if (e->hash == hash && e->slab == slab &&
		    e->section == section && e->key_len == key.len &&
		    memcmp(r->text.p + e->at, key.p, key.len) == 0)
			return &r->table[i];
	}
}

static struct entry *
find(const struct reply *r, enum section section, uint32_t slab,
    struct span key)
{
	uint32_t hash = hash_of(section, slab, key);
	uint32_t n = *place_of(r, hash, section, slab, key);

	return n == 0 ? NULL : &r->entries[n - 1];
}

static void
grow(struct reply *r)
{
	size_t mask;

	if (r->len == r->cap) {
		r->cap = r->cap == 0 ? TABLE_FIRST : r->cap * 2;
		r->entries =
		    xreallocarray(r->entries, r->cap, sizeof(*r->entries));
	}
	if (r->len < r->table_size / 2)
		return;
	free(r->table);
	r->table_size *= 2;
	r->table = xcalloc(r->table_size, sizeof(*r->table));
	mask = r->table_size - 1;
	for (size_t n = 0; n < r->len; n++) {
		size_t i = r->entries[n].hash & mask;

		while (r->table[i] != 0)
			i = (i + 1) & mask;
		r->table[i] = (uint32_t)n + 1;
	}
}

/* Cuts "<digits>:" off the front of *key. */
static int
take_slab(struct span *key, uint32_t *slab)
{
	const char *colon = memchr(key->p, ':', key->len);
	uint64_t n;
	size_t len;

	if (colon == NULL)
		return -1;
	len = (size_t)(colon - key->p);
	if (parse_u64((struct span){ key->p, len }, &n) < 0 ||
	    n > REPLY_SLAB_NUMBER_MAX)
		return -1;
	key->p += len + 1;
	key->len -= len + 1;
	*slab = (uint32_t)n;
	return 0;
}

/* Files a key under its slab class; -1 when it names one that cannot be. */
static int
classify(enum section section, struct span *key, uint32_t *slab)
{
	static const char prefix[] = "items:";

	*slab = REPLY_NO_SLAB;
	if (section == SECTION_SLABS && memchr(key->p, ':', key->len) != NULL)
		return take_slab(key, slab);
	if (section == SECTION_ITEMS && span_begins(*key, prefix)) {
		key->p += sizeof(prefix) - 1;
		key->len -= sizeof(prefix) - 1;
		return take_slab(key, slab);
	}
	return 0;
}

/* Servers name classes in ascending order, so the end is the likely place. */
static int
note_slab(struct reply *r, uint32_t slab)
{
	size_t at = r->slabs_len;

	if (slab == REPLY_NO_SLAB)
		return 0;
	while (at > 0 && r->slabs[at - 1] > slab)
		at--;
	if (at > 0 && r->slabs[at - 1] == slab)
		return 0;
	if (r->slabs_len == REPLY_SLABS_MAX)
		return -1;
	memmove(&r->slabs[at + 1], &r->slabs[at],
	    (r->slabs_len - at) * sizeof(r->slabs[0]));
	r->slabs[at] = slab;
	r->slabs_len++;
	return 0;
}

int
reply_add(struct reply *r, enum section section, struct span key,
    struct span value, struct error *e)
{
	uint32_t slab, hash, *place;

	if (classify(section, &key, &slab) < 0 || key.len > UINT16_MAX) {
		reply_ignore(r);
		return 0;
	}
	if (note_slab(r, slab) < 0)
		return error_because(e, REASON_TOO_LARGE,
		    "more than %d slab classes", REPLY_SLABS_MAX);
	hash = hash_of(section, slab, key);
	if (*place_of(r, hash, section, slab, key) != 0)
		return 0;
	if (r->len == REPLY_ENTRIES_MAX)
		return error_because(e, REASON_TOO_LARGE,
		    "more than %d STAT lines", REPLY_ENTRIES_MAX);
	if (!buf_reserve(&r->text, key.len + value.len))
		return error_because(e, REASON_TOO_LARGE,
		    "more than %u bytes of STAT lines", REPLY_TEXT_MAX);
	grow(r);
	place = place_of(r, hash, section, slab, key);
	r->entries[r->len] = (struct entry){
		.hash = hash,
		.slab = slab,
		.at = (uint32_t)r->text.len,
		.value_len = (uint32_t)value.len,
		.key_len = (uint16_t)key.len,
		.section = (uint8_t)section,
	};
	buf_add_span(&r->text, key);
	buf_add_span(&r->text, value);
	*place = (uint32_t)++r->len;
	return 0;
}

void
reply_ignore(struct reply *r)
{
	r->ignored++;
}

void
reply_reject(struct reply *r, enum section section, uint32_t slab,
    const char *key)
{
	struct entry *e = find(r, section, slab, span_of(key));

	if (e == NULL || e->rejected)
		return;
	e->rejected = true;
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

bool
reply_get(const struct reply *r, enum section section, uint32_t slab,
    const char *key, struct span *value)
{
	const struct entry *e = find(r, section, slab, span_of(key));

	if (e == NULL)
		return false;
	*value = (struct span){ r->text.p + e->at + e->key_len, e->value_len };
	return true;
}

size_t
reply_slabs(const struct reply *r, const uint32_t **slabs)
{
	*slabs = r->slabs;
	return r->slabs_len;
}
