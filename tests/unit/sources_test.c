#include "http/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

#define FILES 20

static char paths[FILES][32];

static void
put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	check(path, fputs(text, file) >= 0);
	check(path, fclose(file) == 0);
}

/* Each of any number of files is looked at. */
TEST(looks)
{
	struct sources s = { 0 };

	sources_add(&s, NULL);
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(
		    paths[i], sizeof(paths[i]), "/tmp/sources.XXXXXX");
		(void)close(mkstemp(paths[i]));
		sources_add(&s, paths[i]);
	}
	check_number("files", s.len, FILES);
	check_number("new", sources_look(&s), LOOK_SAME);
	for (EACH(path, paths)) {
		sources_clear(&s);
		for (EACH(again, paths))
			sources_add(&s, *again);
		put(*path, "x");
		check_number(*path, sources_look(&s), LOOK_UNSETTLED);
		check_number(*path, sources_look(&s), LOOK_CHANGED);
		check_number(*path, sources_look(&s), LOOK_CHANGED);
	}
	sources_clear(&s);
	for (EACH(path, paths))
		(void)unlink(*path);
	check_number("none", sources_look(&s), LOOK_SAME);
}

/* A file that is not there is one that may come. */
TEST(comes)
{
	struct sources s = { 0 };
	char path[] = "/tmp/sources.XXXXXX";

	(void)close(mkstemp(path));
	(void)unlink(path);
	sources_add(&s, path);
	check_number("missing", sources_look(&s), LOOK_SAME);
	put(path, "");
	check_number("there", sources_look(&s), LOOK_UNSETTLED);
	check_number("there", sources_look(&s), LOOK_CHANGED);
	sources_clear(&s);
	(void)unlink(path);
}

TESTS("sources", T(looks), T(comes))
