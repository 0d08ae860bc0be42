/*
 * The queries that a module or a pool picks, by a list of their names.
 */
#ifndef CONFIG_QUERY_PICK_H
#define CONFIG_QUERY_PICK_H

#include "base/error.h"
#include "config/tree.h"

struct gets;
struct query_configs;

/*
 * What a list of their names asks, for `queries` of a module or a pool: NULL
 * when it names none. With the key that is read on the same connection, or
 * NULL: the InnoDB plugin looks keys up in the container that the one before
 * has named.
 */
int query_configs_pick(const struct query_configs *qs, struct tree *y,
    struct yaml_node_s *node, const char *other_key, struct gets **out,
    struct error *e);

#endif
