/*
 * The path of a URL (RFC 3986): percent-encoding, and the form in which a
 * route has it.
 */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include "base/buf.h"
#include "base/span.h"

/*
 * Writes the bytes that text stands for to out, which may be text.p and has
 * room for text.len; returns how many. "%" without two digits stays as it is.
 */
size_t path_decode(struct span text, char *out);

/*
 * Appends a decoded path without "//", "/./" and "/../", as Go's
 * path.Clean and net/http have it: a slash at the end stays.
 */
void path_clean(struct span path, struct buf *out);

/* Appends a decoded path in the form of a URL. */
void path_encode(struct span path, struct buf *out);

#endif
