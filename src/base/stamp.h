/* What tells one state of a file from another: when to read it again. */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include <sys/types.h>

#include <stdbool.h>
#include <time.h>

struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed; /* its content, or its owner or mode */
};

/* A file that is not there has a stamp as well. */
struct stamp stamp_of(const char *path);

bool stamp_same(const struct stamp *a, const struct stamp *b);

#endif
