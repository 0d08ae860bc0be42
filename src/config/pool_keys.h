/*
 * The keys that are read over the same connections as those of a pool: of its
 * module and of other pools of that module. Keys that switch the connection to
 * a table of the InnoDB plugin (@@) and plain ones cannot be mixed there.
 */
#ifndef CONFIG_POOL_KEYS_H
#define CONFIG_POOL_KEYS_H

#include "base/error.h"

struct config;

/* Whether no pool mixes them; else e names it and the keys. */
int pool_keys_check(const struct config *c, struct error *e);

#endif
