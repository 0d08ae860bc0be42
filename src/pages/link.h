/* Links between the pages: relative, so that a proxy's prefix works. */
#ifndef PAGES_LINK_H
#define PAGES_LINK_H

#include "base/buf.h"

struct address;

/*
 * "?NAME=ADDRESS&amp;module=MODULE", percent-encoded, for an attribute's value
 * in HTML; without a module when that is "" or NULL.
 */
void link_add_query(struct buf *out, const char *name,
    const struct address *address, const char *module);

#endif
