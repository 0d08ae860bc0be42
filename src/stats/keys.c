#include "stats/keys.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stats/catalogue.h"
#include "stats/dialect.h"

/*
 * A key is its hash and where it was sent: the catalogue's all differ, and of
 * 2^63 hashes no other key has one of theirs by accident. A server that makes
 * one on purpose could as well send the key itself. It must not be able to make
 * that of another place, whose numbers are other ones.
 */
struct slot {
	uint64_t hash; /* 0: empty */
	uint16_t number;
	uint16_t place; /* of place_of */
};

struct keys {
	struct slot *slots; /* open addressing */
	size_t mask;
	size_t counts[2];       /* [of slab classes] */
	uint16_t *numbers;      /* of all series, one family after another */
	const uint16_t **first; /* each family's, in numbers */
};

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9E3779B97F4A7C15U; /* the golden ratio */
	return h ^ h >> 32;
}

static uint64_t
word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Fewer bytes than a word has. */
static uint64_t
word_of(struct span s)
{
	uint64_t word = 0;

	for (size_t i = 0; i < s.len; i++)
		word = word << 8 | (uint8_t)s.p[i];
	return word;
}

/*
 * Eight bytes at a time; the last eight may be some of those before. The
 * table's keys are known and few: no server can make it slow.
 */
static uint64_t
hash_of(enum collector_id id, bool slab, struct span s)
{
	uint64_t h = s.len << 8 | (uint64_t)id << 1 | slab;
	const char *last;

	if (s.len < sizeof(h))
		return mix(h, word_of(s)) | 1;
	last = s.p + s.len - sizeof(h);
	for (; s.p < last; s.p += sizeof(h))
		h = mix(h, word_at(s.p));
	return mix(h, word_at(last)) | 1;
}

/* Where a key is, or where it would go. */
static struct slot *
slot_of(const struct keys *k, uint64_t hash)
{
	size_t i = hash >> 1 & k->mask;

	while (k->slots[i].hash != 0 && k->slots[i].hash != hash)
		i = (i + 1) & k->mask;
	return &k->slots[i];
}

static uint16_t
place_of(enum collector_id id, bool slab)
{
	return (uint16_t)((unsigned)id << 1 | slab);
}

int
keys_find(
    const struct keys *k, enum collector_id id, bool slab, struct span text)
{
	const struct slot *slot = slot_of(k, hash_of(id, slab, text));

	if (slot->hash == 0 || slot->place != place_of(id, slab))
		return -1;
	return slot->number;
}

static uint16_t
add(struct keys *k, enum collector_id id, bool slab, const char *text)
{
	uint64_t hash = hash_of(id, slab, span_of(text));
	struct slot *slot = slot_of(k, hash);

	if (slot->hash == 0)
		*slot = (struct slot){ .hash = hash,
			.place = place_of(id, slab),
			.number = (uint16_t)k->counts[slab]++ };
	return slot->number;
}

/* A table that is a quarter full at most, whatever the catalogue names. */
static void
make_room(struct keys *k)
{
	size_t series = 0, keys = dialect_keys_len, size = 1;

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

			*next++ = add(k, s->collector, f->slab, s->key);
			for (; info != NULL && info->label != NULL; info++)
				(void)add(
				    k, info->collector, f->slab, info->key);
		}
	}
	for (size_t i = 0; i < dialect_keys_len; i++)
		(void)add(k, COLLECTOR_STATS, false, dialect_keys[i]);
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
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
