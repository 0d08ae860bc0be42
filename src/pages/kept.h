/*
 * Answers that were made a moment ago, to be given again: so that what takes a
 * while is made once a second at most, however many ask. There is room for a
 * few; the oldest makes room.
 */
#ifndef PAGES_KEPT_H
#define PAGES_KEPT_H

#include <stdint.h>

#define KEPT_MAX 16
#define KEPT_SECONDS 1

struct body;
struct event_base;
struct kept;

struct kept *kept_new(struct event_base *base);
void kept_free(struct kept *k);

/* Borrowed; NULL when there is none of that key and version. */
struct body *kept_find(const struct kept *k, uint64_t key, uint64_t version);

/* Holds the body for a second. */
void kept_add(struct kept *k, uint64_t key, uint64_t version, struct body *b);

/* Nothing of it is true any more. */
void kept_forget(struct kept *k);

#endif
