#include "stats/filter.h"

#include <stdio.h>

#include "stats/catalogue.h"

#include "support.h"

#define GLOBS 3

static struct filter *
filter_of(const char *const *include, const char *const *exclude)
{
	struct filter *f = filter_new();
	struct error e;

	for (size_t i = 0; i < GLOBS && include[i] != NULL; i++)
		check_number(include[i],
		    filter_add(f, FILTER_INCLUDE, include[i], "in", &e), 0);
	for (size_t i = 0; i < GLOBS && exclude[i] != NULL; i++)
		check_number(exclude[i],
		    filter_add(f, FILTER_EXCLUDE, exclude[i], "ex", &e), 0);
	return f;
}

static size_t
row_of(const char *name)
{
	size_t i = 0;

	while (i < catalogue_len && strcmp(catalogue[i].name, name) != 0)
		i++;
	return i;
}

TEST(shows)
{
	static const struct {
		const char *include[GLOBS], *exclude[GLOBS], *name;
		bool shown;
	} rows[] = {
		{ { NULL }, { NULL }, "memcached_uptime_seconds", true },
		{ { "memcached_uptime_seconds" }, { NULL },
		    "memcached_uptime_seconds", true },
		{ { "memcached_uptime" }, { NULL }, "memcached_uptime_seconds",
		    false },
		{ { "*_seconds" }, { NULL }, "memcached_uptime_seconds", true },
		{ { "*_seconds" }, { NULL }, "memcached_threads", false },
		{ { "*_seconds", "*_threads" }, { NULL }, "memcached_threads",
		    true },
		{ { NULL }, { "memcached_slab_*" },
		    "memcached_slab_chunk_size_bytes", false },
		{ { NULL }, { "memcached_slab_*" }, "memcached_threads", true },
		{ { "*" }, { "*" }, "memcached_threads", false },
		{ { "memcached_*" }, { "*_threads", "*_total" },
		    "memcached_threads", false },
		{ { "memcached_*" }, { "*_threads", "*_total" },
		    "memcached_commands_total", false },
		{ { "memcached_*" }, { "*_threads", "*_total" },
		    "memcached_uptime_seconds", true },
		{ { "memcached_thread?" }, { NULL }, "memcached_threads",
		    true },
		{ { "memcached_[a-t]*" }, { NULL }, "memcached_threads", true },
		{ { "memcached_[!a-t]*" }, { NULL }, "memcached_threads",
		    false },
		{ { "MEMCACHED_*" }, { NULL }, "memcached_threads", false },
	};

	for (EACH(r, rows)) {
		struct filter *f = filter_of(r->include, r->exclude);
		size_t row = row_of(r->name);
		char text[128];

		(void)snprintf(text, sizeof(text), "row %zu, %s",
		    (size_t)(r - rows), r->name);
		check("in the catalogue", row < catalogue_len);
		check_number(text, filter_shows(f, r->name), r->shown);
		check_number(text, filter_shows_row(f, row), r->shown);
		filter_free(f);
	}
	check(
	    "no filter", filter_shows(NULL, "x") && filter_shows_row(NULL, 0));
}

TEST(malformed)
{
	static const char *const rows[] = { "", " ", "[", "a[", "[]", "[a", "]",
		"a-b", "a.b", "a\\*", "{a,b}", "!a", "memcached_\xc3\xa4" };
	struct filter *f = filter_new();
	char glob[FILTER_GLOB_BYTES_MAX + 2];
	struct error e;

	for (EACH(r, rows))
		check_number(*r, filter_add(f, FILTER_INCLUDE, *r, "", &e), -1);
	memset(glob, 'a', sizeof(glob));
	glob[sizeof(glob) - 1] = '\0';
	check_number("long", filter_add(f, FILTER_EXCLUDE, glob, "", &e), -1);
	check("they count for nothing", filter_shows(f, "a"));
	glob[sizeof(glob) - 2] = '\0';
	for (size_t i = 0; i < FILTER_GLOBS_MAX; i++)
		check_number("as many as may be",
		    filter_add(f, FILTER_EXCLUDE, glob, "", &e), 0);
	check_number("many", filter_add(f, FILTER_EXCLUDE, glob, "", &e), -1);
	check_text("many", span_of(e.text), "expected at most 256 globs");
	filter_free(f);
}

TEST(equal)
{
	static const char *const none[GLOBS] = { 0 }, *const a[GLOBS] = { "a" },
				 *const b[GLOBS] = { "b" },
				 *const both[GLOBS] = { "a", "b" };
	static const struct {
		const char *name;
		const char *const *lists[4];
		bool is;
	} rows[] = {
		{ "nothing", { none, none, none, none }, true },
		{ "the same", { a, b, a, b }, true },
		{ "another list", { a, none, none, a }, false },
		{ "another glob", { a, none, b, none }, false },
		{ "one more", { a, none, both, none }, false },
	};

	for (EACH(r, rows)) {
		struct filter *f = filter_of(r->lists[0], r->lists[1]);
		struct filter *g = filter_of(r->lists[2], r->lists[3]);

		check_number(r->name, filter_equal(f, g), r->is);
		check("none is not one", !filter_equal(f, NULL));
		filter_free(f);
		filter_free(g);
	}
	check("none twice", filter_equal(NULL, NULL));
}

static void
add_glob(const char *place, const char *glob, void *arg)
{
	buf_printf(arg, "%s %s\n", place, glob);
}

TEST(unmatched)
{
	static const char *const include[GLOBS] = { "*_threads", "pool_*",
		"none" };
	static const char *const exclude[GLOBS] = { "nor_this_*" };
	struct filter *f = filter_of(include, exclude);
	struct buf out;

	buf_init(&out, 256);
	filter_see(f, "pool_servers");
	filter_unmatched(f, add_glob, &out);
	check_text("unmatched", span_of_buf(&out), "in none\nex nor_this_*\n");
	buf_release(&out);
	filter_free(f);
}

TESTS("filter", T(shows), T(malformed), T(equal), T(unmatched))
