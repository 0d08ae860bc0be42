/* Small files whose content changes while the program runs. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

/*
 * Reads a whole file into text (size bytes, NUL included) and never waits: a
 * FIFO without a writer is empty. Returns -1 for a file that is larger.
 */
int file_read(const char *path, char *text, size_t size, struct span *content,
    struct error *e);

#endif
