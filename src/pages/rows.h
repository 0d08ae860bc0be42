/* The page's table, a row for each target. */
#ifndef PAGES_ROWS_H
#define PAGES_ROWS_H

#include "base/buf.h"

struct target_entry;

/* The cells of the table's head. */
void rows_add_heads(struct buf *out);

void rows_add(struct buf *out, const struct target_entry *t);

/* What the row has beside the address, as parts of a <dl>. */
void rows_add_facts(struct buf *out, const struct target_entry *t);

#endif
