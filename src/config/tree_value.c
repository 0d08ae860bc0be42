#include "config/tree_value.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"

/* As Go's yaml has them, after YAML 1.1 (yaml.org/type/bool.html). */
static const struct {
	const char *words[3];
	bool value;
} switches[] = {
	{ { "true", "True", "TRUE" }, true },
	{ { "yes", "Yes", "YES" }, true },
	{ { "on", "On", "ON" }, true },
	{ { "y", "Y", "Y" }, true },
	{ { "false", "False", "FALSE" }, false },
	{ { "no", "No", "NO" }, false },
	{ { "off", "Off", "OFF" }, false },
	{ { "n", "N", "N" }, false },
};

/* As YAML's core schema and Go's yaml have it. */
bool
tree_is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	bool found = false;

	if (node->type != YAML_SCALAR_NODE ||
	    node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < nitems(nulls) && !found; i++)
		found = strcmp((const char *)node->data.scalar.value,
			    nulls[i]) == 0;
	return found;
}

const char *
tree_exact(struct tree *y, yaml_node_t *node, struct error *e)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE) {
		(void)tree_error(y, node, e, "expected one value");
		return NULL;
	}
	text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length) {
		(void)tree_error(y, node, e, "expected no NUL in a value");
		return NULL;
	}
	return text;
}

const char *
tree_text(struct tree *y, yaml_node_t *node, struct error *e)
{
	return tree_is_null(node) ? "" : tree_exact(y, node, e);
}

int
tree_given(
    struct tree *y, yaml_node_t *node, const char **text, struct error *e)
{
	if (tree_is_null(node))
		return 0;
	*text = tree_exact(y, node, e);
	return *text != NULL ? 1 : -1;
}

int
tree_read_string(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);
	char **s = dest;

	if (given <= 0)
		return given;
	free(*s);
	*s = xstrdup(text);
	return 0;
}

int
tree_read_path(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *file = tree_path(y), *slash = strrchr(file, '/');
	char **path = dest, *whole;

	if (tree_read_string(y, node, dest, e) < 0)
		return -1;
	if (tree_is_null(node))
		return 0;
	if (**path == '\0' || **path == '/' || slash == NULL)
		return 0;
	if (asprintf(&whole, "%.*s/%s", (int)(slash - file), file, *path) < 0)
		(void)xnonnull(NULL);
	free(*path);
	*path = whole;
	return 0;
}

int
tree_read_switch(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	for (size_t i = 0; i < nitems(switches); i++) {
		for (size_t k = 0; k < nitems(switches[i].words); k++) {
			if (strcmp(text, switches[i].words[k]) == 0) {
				*(bool *)dest = switches[i].value;
				return 0;
			}
		}
	}
	return tree_error(y, node, e, "expected true or false");
}

int
tree_read_duration(
    struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);
	uint64_t us;

	if (given <= 0)
		return given;
	if (parse_duration(span_of(text), &us) < 0 || us == 0)
		return tree_error(y, node, e,
		    "expected a duration above zero, such as 1s or 500ms");
	*(uint64_t *)dest = us;
	return 0;
}
