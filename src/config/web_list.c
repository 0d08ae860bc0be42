#include "config/web_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "config/tree.h"
#include "config/tree_value.h"

/* A list, and what may stand in it. */
struct items {
	struct web_list **list;
	const struct web_list_words *words;
};

static bool
list_has(const struct web_list *list, const char *name)
{
	bool found = false;

	for (size_t i = 0; list != NULL && i < list->len && !found; i++)
		found = strcmp(list->names[i], name) == 0;
	return found;
}

/* Once: OpenSSL refuses a curve that comes again. */
static void
list_add(struct web_list **list, const char *name)
{
	if (list_has(*list, name))
		return;
	if (*list == NULL)
		*list = xcalloc(1, sizeof(**list));
	(*list)->names[(*list)->len++] = xstrdup(name);
}

static int
read_item(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	const struct items *items = dest;
	const struct web_list *list = *items->list;
	const char *text = tree_text(y, node, e), *kept;

	(void)key;
	(void)key_node;
	if (text == NULL)
		return -1;
	if (list != NULL && list->len == WEB_ENTRIES_MAX)
		return tree_error(
		    y, node, e, "expected at most %d entries", WEB_ENTRIES_MAX);
	kept = items->words->known(text);
	if (kept == NULL)
		return tree_error(y, node, e,
		    "unknown %s \"%.64s\", expected %s", items->words->what,
		    text, items->words->expected);
	list_add(items->list, kept);
	return 0;
}

int
web_list_read_known(struct tree *y, yaml_node_t *node, struct web_list **list,
    const struct web_list_words *words, struct error *e)
{
	struct items items = { list, words };

	return tree_each_item(y, node, read_item, &items, e);
}

static const char *
any_name(const char *text)
{
	return text;
}

int
web_list_read(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	static const struct web_list_words words = { .known = any_name };

	return web_list_read_known(y, node, dest, &words, e);
}

void
web_list_free(struct web_list *list)
{
	for (size_t i = 0; list != NULL && i < list->len; i++)
		free(list->names[i]);
	free(list);
}
