/* A file, alone in a folder of its own, for the tests of one program. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stdio.h>
#include <unistd.h>

#include "support.h"

static char folder[] = "/tmp/memcached_exporter_test.XXXXXX";
static char path[sizeof(folder) + sizeof("/file")];

/* As the whole of the file. */
static inline void
write_file(struct span content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content.p, 1, content.len, f), content.len);
	assert_int_equal(fclose(f), 0);
}

/* Before and after all tests of a group. */
static inline int
make_folder(void **unused)
{
	(void)unused;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static inline int
remove_folder(void **unused)
{
	(void)unused;
	(void)unlink(path);
	return rmdir(folder);
}

#endif
