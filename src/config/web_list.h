/* Lists of names in --web.config.file. */
#ifndef CONFIG_WEB_LIST_H
#define CONFIG_WEB_LIST_H

#include <stddef.h>

#include "base/error.h"

/* Of a list, and of users. */
#define WEB_ENTRIES_MAX 1000

/* NULL-terminated strings, each of them once. */
struct web_list {
	char *names[WEB_ENTRIES_MAX];
	size_t len;
};

struct tree;
struct yaml_node_s;

/* Reads a sequence of any names; dest is a struct web_list **. */
int web_list_read(
    struct tree *y, struct yaml_node_s *node, void *dest, struct error *e);

/*
 * Reads a sequence of names that are known: known returns what is kept of a
 * text, or NULL. what and expected are words for an error.
 */
struct web_list_words {
	const char *(*known)(const char *text);
	const char *what;
	const char *expected;
};
int web_list_read_known(struct tree *y, struct yaml_node_s *node,
    struct web_list **list, const struct web_list_words *words,
    struct error *e);

void web_list_free(struct web_list *list);

#endif
