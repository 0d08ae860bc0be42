/*
 * Which families come out: those whose name one of the globs to include
 * matches, or any without such a glob, less those that one of the globs to
 * exclude matches. Names are those of the text format: with a counter's _total,
 * and without the _bucket, _sum and _count of a histogram.
 *
 * Where a filter may be NULL, that shows all.
 */
#ifndef STATS_FILTER_H
#define STATS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* More globs than this, or longer ones, are refused. */
#define FILTER_GLOBS_MAX 256
#define FILTER_GLOB_BYTES_MAX 128

enum filter_list {
	FILTER_INCLUDE,
	FILTER_EXCLUDE,
	FILTER_LISTS
};

struct filter;

/* Without a glob. Freed with its last hold; it begins with one. */
struct filter *filter_new(void);
struct filter *filter_hold(struct filter *f); /* takes NULL, returns f */
void filter_free(struct filter *f);

/* Adds a glob, which a flag's name or a file's line is the place of. */
int filter_add(struct filter *f, enum filter_list list, const char *glob,
    const char *place, struct error *e);

/* Whether they have the same globs in the same order; NULL equals NULL. */
bool filter_equal(const struct filter *a, const struct filter *b);

/* Whether a family comes out: by its name, or its index in the catalogue. */
bool filter_shows(const struct filter *f, const char *name);
bool filter_shows_row(const struct filter *f, size_t i);

/* The globs that match this name have a meaning, as it is a family's. */
void filter_see(struct filter *f, const char *name);

/* Calls each with those globs that match no name that was seen. */
void filter_unmatched(const struct filter *f,
    void (*each)(const char *place, const char *glob, void *arg), void *arg);

#endif
