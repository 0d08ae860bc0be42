/* Values of YAML files, which config/tree.h walks through. */
#ifndef CONFIG_TREE_VALUE_H
#define CONFIG_TREE_VALUE_H

#include <stdbool.h>

#include "base/error.h"
#include "config/tree.h"

/*
 * The text of a scalar, borrowed; NULL with an error for anything else. For a
 * null it is "", or with tree_exact as it is written.
 */
const char *tree_text(
    struct tree *y, struct yaml_node_s *node, struct error *e);
const char *tree_exact(
    struct tree *y, struct yaml_node_s *node, struct error *e);

/*
 * The same for a value that has a default: 1 with its text, 0 for a null, which
 * leaves the default as it is, or -1.
 */
int tree_given(struct tree *y, struct yaml_node_s *node, const char **text,
    struct error *e);

/*
 * Whether it is a null: nothing at all, or one of ~, null, Null and NULL
 * without quotes.
 */
bool tree_is_null(const struct yaml_node_s *node);

/*
 * dest is a char *, the same (a path, relative to the file's folder), a bool
 * (in all words of YAML 1.1: true, Yes, ON, n, …), or a uint64_t
 * (microseconds). A null leaves it as it is.
 */
tree_read_fn tree_read_string, tree_read_path, tree_read_switch,
    tree_read_duration;

#endif
