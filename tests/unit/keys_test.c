#include "stats/keys.h"

#include "stats/catalogue.h"
#include "stats/dialect.h"
#include "support.h"

#define NUMBERS_MAX 1024

/* The keys that have been found, by number. */
struct owners {
	size_t count;
	const char *keys[NUMBERS_MAX];
	enum collector_id set[NUMBERS_MAX];
};

/* A key has a number, and shares it with none but itself. */
static int
claim(struct owners *all, const struct keys *k, enum collector_id id, bool slab,
    const char *key)
{
	int n = keys_find(k, id, slab, span_of(key));

	check(key, n >= 0 && n < NUMBERS_MAX);
	if (all->keys[n] == NULL) {
		all->keys[n] = key;
		all->set[n] = id;
		all->count++;
	}
	check_text(key, span_of(all->keys[n]), key);
	check_number(key, all->set[n], id);
	return n;
}

TEST(numbers)
{
	struct owners all[2] = { 0 };
	struct keys *k = keys_new();

	for (size_t f = 0; f < catalogue_len; f++) {
		const struct series *s = catalogue[f].series;
		bool slab = catalogue[f].slab;

		for (size_t i = 0; s[i].key != NULL; i++) {
			const struct info *l = s[i].info;
			int n = claim(
			    &all[slab], k, s[i].collector, slab, s[i].key);

			check_number(s[i].key, keys_of_family(k, f)[i], n);
			for (; l != NULL && l->label != NULL; l++)
				(void)claim(
				    &all[slab], k, l->collector, slab, l->key);
		}
	}
	for (size_t i = 0; i < dialect_keys_len; i++)
		(void)claim(
		    &all[false], k, COLLECTOR_STATS, false, dialect_keys[i]);
	check_number("server", keys_count(k, false), all[false].count);
	check_number("slab", keys_count(k, true), all[true].count);
	keys_free(k);
	keys_free(NULL);
}

TEST(finding)
{
	static const struct {
		const char *name;
		enum collector_id collector;
		bool slab;
		struct span key;
		bool found;
	} rows[] = {
		{ "uptime", COLLECTOR_STATS, false, SPAN("uptime"), true },
		{ "elsewhere", COLLECTOR_SETTINGS, false, SPAN("uptime"),
		    false },
		{ "of a class", COLLECTOR_STATS, true, SPAN("uptime"), false },
		{ "shorter", COLLECTOR_STATS, false, SPAN("uptim"), false },
		{ "longer", COLLECTOR_STATS, false, SPAN("uptimes"), false },
		{ "NUL behind", COLLECTOR_STATS, false, SPAN("uptime\0"),
		    false },
		{ "capitals", COLLECTOR_STATS, false, SPAN("UPTIME"), false },
		{ "empty", COLLECTOR_STATS, false, SPAN(""), false },
		{ "not exported", COLLECTOR_STATS, false, SPAN("pid"), false },
		{ "setting", COLLECTOR_SETTINGS, false, SPAN("chunk_size"),
		    true },
		{ "of a class", COLLECTOR_SLABS, true, SPAN("chunk_size"),
		    true },
		{ "not of the server", COLLECTOR_SLABS, false,
		    SPAN("chunk_size"), false },
		{ "total", COLLECTOR_SLABS, false, SPAN("total_malloced"),
		    true },
		{ "items", COLLECTOR_ITEMS, true, SPAN("number"), true },
		{ "label only", COLLECTOR_SETTINGS, false, SPAN("logger"),
		    true },
		{ "the hash of lrutail_reflocked", COLLECTOR_SLABS, true,
		    SPAN("irutail_reflocked"), false },
		{ "colon", COLLECTOR_SCRUB, false, SPAN("scrubber:status"),
		    true },
	};
	struct keys *k = keys_new();

	for (EACH(r, rows))
		check_number(r->name,
		    keys_find(k, r->collector, r->slab, r->key) >= 0, r->found);
	keys_free(k);
}

TESTS("keys", T(numbers), T(finding))
