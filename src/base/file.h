/* Small files whose content changes while the program runs. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/*
 * Opens a file to be read, and never waits: a FIFO, a device and whatever else
 * is no regular file is refused. Returns the descriptor, which is the caller's,
 * or -1.
 */
int file_open(const char *path, struct error *e);

/*
 * Reads the whole of such a file into text (size bytes, NUL included); content
 * is that, without the byte order mark of UTF-8 that some editors put in front.
 * Returns -1 for one that is larger.
 */
int file_read(const char *path, char *text, size_t size, struct span *content,
    struct error *e);

#endif
