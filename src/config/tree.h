/*
 * YAML files by a table of keys: unknown, repeated and ill-formed ones are
 * errors that say where: "file:line:column: what, and what was expected".
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A larger file is refused. */
#define TREE_BYTES_MAX (256U << 10)

/* Mappings and lists in each other; deeper ones are refused. */
#define TREE_DEPTH_MAX 32

struct tree;
struct yaml_node_s;

/* Reads a value into the object that dest is. */
typedef int tree_read_fn(
    struct tree *y, struct yaml_node_s *node, void *dest, struct error *e);

struct tree_key {
	const char *name;
	tree_read_fn *read;
	size_t offset; /* in the object, of what read is given */
};

/*
 * An empty file has no root: NULL there, and 0. Of several documents the first
 * one is read, as Go's yaml.Unmarshal does.
 */
int tree_load(const char *path, struct tree **out, struct error *e);

/* -1 when another document follows that is not empty. */
int tree_expect_one(const struct tree *y, struct error *e);

void tree_free(struct tree *y);

/* Of libyaml, which reads them. */
const char *tree_library_version(void);

struct yaml_node_s *tree_root(struct tree *y);

/*
 * A mapping whose keys are those of a table. A null (config/tree_value.h) is an
 * empty mapping; likewise an empty sequence below.
 */
int tree_map(struct tree *y, struct yaml_node_s *node,
    const struct tree_key *keys, size_t keys_len, void *object,
    struct error *e);

/* A mapping with free keys, or a sequence: each entry is given to read_entry,
   with its key ("" in a sequence). */
typedef int tree_entry_fn(struct tree *y, const char *key,
    struct yaml_node_s *key_node, struct yaml_node_s *node, void *dest,
    struct error *e);
int tree_each_pair(struct tree *y, struct yaml_node_s *node,
    tree_entry_fn *read_entry, void *dest, struct error *e);
int tree_each_item(struct tree *y, struct yaml_node_s *node,
    tree_entry_fn *read_entry, void *dest, struct error *e);

/* The value of a key of a mapping, or NULL. */
struct yaml_node_s *tree_find(
    struct tree *y, struct yaml_node_s *map, const char *name);

/*
 * Of n keys of a mapping the one that stands last, for the place of an error
 * that they make together; the mapping when there is none of them. A name may
 * be NULL.
 */
struct yaml_node_s *tree_last(struct tree *y, struct yaml_node_s *map,
    const char *const *names, size_t n);

/* The path it was loaded from. */
const char *tree_path(const struct tree *y);

/* "file:line:column" of a node; the caller's to free. */
char *tree_place(const struct tree *y, const struct yaml_node_s *node);

/* -1, with the place of the node in front of the words. */
int tree_error(struct tree *y, struct yaml_node_s *node, struct error *e,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
