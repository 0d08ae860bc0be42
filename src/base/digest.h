/* A fingerprint of what files hold, to see later whether they still do. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>

#define DIGEST_BYTES 32

/* Of a larger file only its size and its times count. */
#define DIGEST_FILE_MAX (16U << 20)

struct digest {
	unsigned char bytes[DIGEST_BYTES]; /* all zero: of nothing */
};

/*
 * Adds a file, or that it cannot be read; of a folder the time of its last
 * change. Never waits, as base/file.h has it. path NULL or "" is no file,
 * which counts, too.
 */
void digest_add_file(struct digest *d, const char *path);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
