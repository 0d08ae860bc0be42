#include "stats/keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stats/catalogue.h"

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

#define NO_KEY 0 /* an empty slot */

struct key {
	struct span text;
	uint32_t hash;
	uint16_t number;
};

struct keys {
	struct key *all; /* from 1 */
	uint16_t *slots; /* open addressing; of a key in all */
	size_t mask;
	size_t counts[2];       /* [of slab classes] */
	uint16_t *numbers;      /* of all series, one family after another */
	const uint16_t **first; /* each family's, in numbers */
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

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9E3779B97F4A7C15U; /* the golden ratio */
	return h ^ h >> 32;
}

/*
 * Eight bytes at a time. The table's keys are known and few: no server can
 * make it slow.
 */
static uint32_t
hash_of(enum section section, bool slab, struct span s)
{
	uint64_t h = (uint64_t)section * 2 + slab, word;

	for (; s.len >= sizeof(word); s.p += sizeof(word)) {
		memcpy(&word, s.p, sizeof(word));
		h = mix(h, word);
		s.len -= sizeof(word);
	}
	word = s.len;
	for (size_t i = 0; i < s.len; i++)
		word = word << 8 | (uint8_t)s.p[i];
	return (uint32_t)mix(h, word);
}

/* Where a key's index is, or where it would go. */
static uint16_t *
slot_of(const struct keys *k, uint32_t hash, struct span text)
{
	for (size_t i = hash & k->mask;; i = (i + 1) & k->mask) {
		const struct key *key = &k->all[k->slots[i]];

		if (k->slots[i] == NO_KEY ||
		    (key->hash == hash && key->text.len == text.len &&
			memcmp(key->text.p, text.p, text.len) == 0))
			return &k->slots[i];
	}
}

int
keys_find(
    const struct keys *k, enum section section, bool slab, struct span text)
{
	uint16_t i = *slot_of(k, hash_of(section, slab, text), text);

	return i == NO_KEY ? -1 : k->all[i].number;
}

static uint16_t
add(struct keys *k, enum section section, bool slab, const char *text)
{
	struct span s = span_of(text);
	uint32_t hash = hash_of(section, slab, s);
	uint16_t *slot = slot_of(k, hash, s);

	if (*slot == NO_KEY) {
		*slot = (uint16_t)(k->counts[0] + k->counts[1] + 1);
		k->all[*slot] = (struct key){ .text = s,
			.hash = hash,
			.number = (uint16_t)k->counts[slab]++ };
	}
	return k->all[*slot].number;
}

/* A table that is a quarter full at most, whatever the catalogue names. */
static void
make_room(struct keys *k)
{
	size_t series = 0, keys = 0, size = 1;

	for (size_t i = 0; i < catalogue_len; i++) {
		for (const struct series *s = catalogue[i].series;
		     s->key != NULL; s++) {
			const struct info *info = s->info;

			series++;
			keys++;
			for (; info != NULL && info->label != NULL; info++)
				keys++;
		}
	}
	while (size < keys * 4)
		size *= 2;
	k->all = xcalloc(keys + 1, sizeof(*k->all));
	k->slots = xcalloc(size, sizeof(*k->slots));
	k->mask = size - 1;
	k->numbers = xcalloc(series, sizeof(*k->numbers));
	k->first = xcalloc(catalogue_len, sizeof(*k->first));
}

struct keys *
keys_new(void)
{
	struct keys *k = xcalloc(1, sizeof(*k));
	uint16_t *next;

	make_room(k);
	next = k->numbers;
	for (size_t i = 0; i < catalogue_len; i++) {
		const struct family *f = &catalogue[i];

		k->first[i] = next;
		for (const struct series *s = f->series; s->key != NULL; s++) {
			const struct info *info = s->info;

			*next++ = add(k, s->section, f->slab, s->key);
			for (; info != NULL && info->label != NULL; info++)
				(void)add(k, info->section, f->slab, info->key);
		}
	}
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	free(k->all);
	free(k->slots);
	free(k->numbers);
	free(k->first);
	free(k);
}

size_t
keys_count(const struct keys *k, bool slab)
{
	return k->counts[slab];
}

const uint16_t *
keys_of_family(const struct keys *k, size_t family)
{
	return k->first[family];
}
