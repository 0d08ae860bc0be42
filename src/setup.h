/*
 * What the flags and --config.file make together: modules and pools. A reload
 * makes a new one, which shares what has not changed.
 */
#ifndef SETUP_H
#define SETUP_H

#include "base/error.h"

struct modules;
struct options;
struct pools;

struct setup {
	struct modules *modules;
	struct pools *pools;
};

/* old: the one before, or NULL. out holds both, and is set only on success. */
int setup_load(const struct options *o, const struct setup *old,
    struct setup *out, struct error *e);

/* Another hold on both. */
void setup_copy(struct setup *to, const struct setup *from);

/* Takes what is all zero, too. */
void setup_release(struct setup *s);

#endif
