/* Every server of fixtures/stats gives the metrics that are expected. */
#include "transcript.h"

#include <ctype.h>
#include <glob.h>

#include "stats/catalogue.h"
#include "stats/line.h"
#include "support.h"

static glob_t folders;

static int
begin(void **unused)
{
	(void)unused;
	return glob("fixtures/stats/*", GLOB_ONLYDIR, NULL, &folders);
}

static int
end(void **unused)
{
	(void)unused;
	globfree(&folders);
	return 0;
}

TEST(expected)
{
	static char text[TRANSCRIPT_FILE_MAX];

	for (size_t i = 0; i < folders.gl_pathc; i++) {
		const char *folder = folders.gl_pathv[i];
		struct span wanted;
		struct error e;
		struct buf out;

		buf_init(&out, TRANSCRIPT_FILE_MAX);
		if (transcript_file(
			folder, "expected.prom", text, &wanted, &e) < 0 ||
		    transcript_render(folder, &out, &e) < 0)
			fail_msg("%s", e.text);
		check_bytes(folder, span_of_buf(&out), wanted);
		buf_release(&out);
	}
}

/* STAT keys of which no series is made, on purpose. */
static const struct {
	enum collector_id collector;
	const char *key;
} unexported[] = {
	{ COLLECTOR_STATS, "pid" },
	{ COLLECTOR_SETTINGS, "inter" },
	{ COLLECTOR_SETTINGS, "domain_socket" },
	{ COLLECTOR_SETTINGS, "umask" },
	{ COLLECTOR_SETTINGS, "stat_key_prefix" },
	{ COLLECTOR_SETTINGS, "auth_enabled_ascii" },
	{ COLLECTOR_SETTINGS, "ssl_chain_cert" },
	{ COLLECTOR_SETTINGS, "ssl_key" },
	{ COLLECTOR_SETTINGS, "ssl_ciphers" },
	{ COLLECTOR_SETTINGS, "ssl_ca_cert" },
	{ COLLECTOR_SETTINGS, "memory_file" },
};

/* Which keys of the catalogue a server has sent. */
struct seen {
	const struct keys *keys;
	bool numbers[2][1024];
};

/* "items:7:number" → "number", and whether that was cut off. */
static bool
without_class(struct span *key)
{
	struct span k = *key;

	if (span_begins(k, "items:"))
		k = (struct span){ k.p + 6, k.len - 6 };
	while (k.len > 0 && isdigit((unsigned char)k.p[0]))
		k = (struct span){ k.p + 1, k.len - 1 };
	if (k.len == 0 || k.p[0] != ':' || k.p == key->p)
		return false;
	*key = (struct span){ k.p + 1, k.len - 1 };
	return true;
}

static void
note_key(struct seen *seen, const char *folder, enum collector_id id,
    struct span key)
{
	bool slab = without_class(&key), known = false;
	int n = keys_find(seen->keys, id, slab, key);

	for (EACH(u, unexported))
		known |= u->collector == id && span_is(key, u->key);
	if (n >= 0)
		seen->numbers[slab][n] = true;
	else if (collectors[id].answer->take != NULL)
		return; /* added up */
	if ((n >= 0) == known)
		fail_msg("%s: %s: %.*s is %s", folder, collector_name(id),
		    (int)key.len, key.p,
		    known ? "exported after all" : "not in the catalogue");
}

static void
note_folder(struct seen *seen, const char *folder)
{
	static char text[TRANSCRIPT_FILE_MAX];

	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		struct line_splitter splitter;
		struct line line;
		struct span left;
		struct error e;
		char name[32];

		(void)snprintf(name, sizeof(name), "%s.txt", collector_name(s));
		if (transcript_file(folder, name, text, &left, &e) < 0)
			continue;
		line_splitter_init(&splitter);
		while (line_next(&splitter, &left, &line)) {
			if (line.kind == LINE_STAT)
				note_key(seen, folder, s, line.key);
		}
		line_splitter_release(&splitter);
	}
}

static void
check_seen(
    const struct seen *seen, enum collector_id id, bool slab, const char *key)
{
	int n = keys_find(seen->keys, id, slab, span_of(key));

	check(key, n >= 0 && seen->numbers[slab][n]);
}

/* Nothing is forgotten: neither what a server sends nor what we know of. */
TEST(keys_and_catalogue)
{
	struct keys *keys = keys_new();
	struct seen seen = { .keys = keys };

	for (size_t i = 0; i < folders.gl_pathc; i++)
		note_folder(&seen, folders.gl_pathv[i]);
	for (size_t f = 0; f < catalogue_len; f++) {
		const struct series *s = catalogue[f].series;
		bool slab = catalogue[f].slab;

		for (; s->key != NULL; s++) {
			const struct info *l = s->info;

			check_seen(&seen, s->collector, slab, s->key);
			for (; l != NULL && l->label != NULL; l++)
				check_seen(&seen, l->collector, slab, l->key);
		}
	}
	keys_free(keys);
}

#define R(name) cmocka_unit_test_setup_teardown(name, begin, end)
TESTS("transcript", R(expected), R(keys_and_catalogue))
