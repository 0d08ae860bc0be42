/*
 * Numbers under names that a server's operator chose, `user_<name>` say: one
 * series each, the name as a label. Part of an answer's state.
 */
#ifndef STATS_NAMED_H
#define STATS_NAMED_H

#include "stats/collector.h"

/* Names of one collector; past it the collector fails. */
#define NAMED_MAX 1024

/* A longer name is ignored. */
#define NAMED_BYTES_MAX 255

struct named {
	struct named_value *values;
	size_t len, cap;
};

/*
 * Takes a line whose key begins with one of the prefixes, which are one for
 * each of the families that named_render makes; others are passed over.
 */
enum answer_result named_take(struct named *n, const char *const *prefixes,
    size_t len, const struct line *line);

/* The family of the prefix `kind`. */
void named_render(struct buf *out, enum text_format format,
    const struct answer_family *f, size_t kind, const struct named *n);

void named_release(void *state);

#endif
