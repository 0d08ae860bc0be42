/* Globs, as fnmatch(3) takes them: "*", "?", and sets such as [a-f] or [!0]. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/*
 * Whether a glob is well-formed and holds nothing but signs, "*", "?" and sets
 * of signs. *least is how many characters it matches at least.
 */
bool glob_check(struct span glob, bool (*is_sign)(char c), size_t *least);

#endif
