/*
 * The STAT keys that the catalogue names, numbered: a reply keeps the values
 * of these, by number, and nothing of any other key. Built once at the start,
 * then only read.
 *
 * There are two rows of numbers from 0: one for keys of the whole server, one
 * for keys that each slab class has.
 */
#ifndef STATS_KEYS_H
#define STATS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "stats/collector.h"

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *k);

/* How many keys there are, of the server or of a slab class. */
size_t keys_count(const struct keys *k, bool slab);

/* The number of a key (without class number), or -1. */
int keys_find(
    const struct keys *k, enum collector_id id, bool slab, struct span text);

/* The numbers of a family's series, in their order; by the family's place. */
const uint16_t *keys_of_family(const struct keys *k, size_t family);

#endif
