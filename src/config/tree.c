#include "config/tree.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"

struct tree {
	char *path;
	yaml_document_t document;
};

char *
tree_place(const struct tree *y, const yaml_node_t *node)
{
	char *place;

	if (asprintf(&place, "%s:%zu:%zu", y->path, node->start_mark.line + 1,
		node->start_mark.column + 1) < 0)
		(void)xnonnull(NULL);
	return place;
}

int
tree_error(
    struct tree *y, yaml_node_t *node, struct error *e, const char *fmt, ...)
{
	char words[ERROR_TEXT_MAX];
	va_list ap;
	char *place = tree_place(y, node);

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	(void)error_set(e, "%s: %s", place, words);
	free(place);
	return -1;
}

static void
begin(yaml_parser_t *parser, struct span content)
{
	if (!yaml_parser_initialize(parser))
		(void)xnonnull(NULL);
	yaml_parser_set_input_string(
	    parser, (const unsigned char *)content.p, content.len);
}

/*
 * libyaml takes time by the square of the depth: a minute for some hundred
 * kilobytes of brackets. What is not well-formed is left to the second look.
 */
static int
check_depth(const char *path, struct span content, struct error *e)
{
	static const int steps[] = {
		[YAML_SEQUENCE_START_EVENT] = 1,
		[YAML_SEQUENCE_END_EVENT] = -1,
		[YAML_MAPPING_START_EVENT] = 1,
		[YAML_MAPPING_END_EVENT] = -1,
	};
	yaml_parser_t parser;
	yaml_event_t event;
	yaml_mark_t mark = { 0 };
	bool more = true;
	int depth = 0;

	begin(&parser, content);
	while (more && yaml_parser_parse(&parser, &event)) {
		depth += steps[event.type];
		mark = event.start_mark;
		more = event.type != YAML_STREAM_END_EVENT &&
		       depth <= TREE_DEPTH_MAX;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (depth <= TREE_DEPTH_MAX)
		return 0;
	return error_set(e, "%s:%zu:%zu: expected at most %d levels", path,
	    mark.line + 1, mark.column + 1, TREE_DEPTH_MAX);
}

static int
syntax_error(const yaml_parser_t *parser, const char *path, struct error *e)
{
	return error_set(e, "%s:%zu:%zu: %s, expected YAML", path,
	    parser->problem_mark.line + 1, parser->problem_mark.column + 1,
	    parser->problem != NULL ? parser->problem : "not readable");
}

/* A second document would be ignored in silence. */
static int
expect_end(yaml_parser_t *parser, const char *path, struct error *e)
{
	yaml_document_t next;
	size_t line;
	bool more;

	if (!yaml_parser_load(parser, &next))
		return syntax_error(parser, path, e);
	more = yaml_document_get_root_node(&next) != NULL;
	line = next.start_mark.line + 1;
	yaml_document_delete(&next);
	return more ? error_set(e, "%s:%zu:1: a second document, expected one",
			  path, line)
		    : 0;
}

static int
parse(struct tree *y, struct span content, struct error *e)
{
	yaml_parser_t parser;
	int r;

	begin(&parser, content);
	if (!yaml_parser_load(&parser, &y->document)) {
		r = syntax_error(&parser, y->path, e);
		memset(&y->document, 0, sizeof(y->document));
	} else {
		r = tree_root(y) == NULL ? 0 : expect_end(&parser, y->path, e);
	}
	yaml_parser_delete(&parser);
	return r;
}

int
tree_load(const char *path, struct tree **out, struct error *e)
{
	char *text = xmalloc(TREE_BYTES_MAX + 1);
	struct tree *y = xcalloc(1, sizeof(*y));
	struct span content = { text, 0 };
	int r;

	y->path = xstrdup(path);
	r = file_read(path, text, TREE_BYTES_MAX + 1, &content, e);
	if (r == 0) {
		r = check_depth(path, content, e);
		if (r == 0)
			r = parse(y, content, e);
		explicit_bzero(text, content.len); /* there may be keys */
	}
	free(text);
	if (r < 0) {
		tree_free(y);
		return -1;
	}
	*out = y;
	return 0;
}

void
tree_free(struct tree *y)
{
	if (y == NULL)
		return;
	yaml_document_delete(&y->document);
	free(y->path);
	free(y);
}

yaml_node_t *
tree_root(struct tree *y)
{
	return yaml_document_get_root_node(&y->document);
}

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

static const char *
text_as_it_is(struct tree *y, yaml_node_t *node, struct error *e)
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
	return tree_is_null(node) ? "" : text_as_it_is(y, node, e);
}

int
tree_given(
    struct tree *y, yaml_node_t *node, const char **text, struct error *e)
{
	if (tree_is_null(node))
		return 0;
	*text = text_as_it_is(y, node, e);
	return *text != NULL ? 1 : -1;
}

/* Whether an earlier pair of the mapping has the same key. */
static bool
is_repeated(struct tree *y, yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key =
	    yaml_document_get_node(&y->document, pair->key);

	for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair;
	     p++) {
		const yaml_node_t *k =
		    yaml_document_get_node(&y->document, p->key);

		if (k->type == YAML_SCALAR_NODE &&
		    k->data.scalar.length == key->data.scalar.length &&
		    memcmp(k->data.scalar.value, key->data.scalar.value,
			k->data.scalar.length) == 0)
			return true;
	}
	return false;
}

int
tree_each_pair(struct tree *y, yaml_node_t *node, tree_entry_fn *read_entry,
    void *dest, struct error *e)
{
	yaml_node_pair_t *pair;

	if (tree_is_null(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return tree_error(y, node, e, "expected a mapping");
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key =
		    yaml_document_get_node(&y->document, pair->key);
		yaml_node_t *value =
		    yaml_document_get_node(&y->document, pair->value);
		const char *name = text_as_it_is(y, key, e);

		if (name == NULL)
			return -1;
		if (is_repeated(y, node, pair))
			return tree_error(
			    y, key, e, "\"%s\" again, expected it once", name);
		if (read_entry(y, name, key, value, dest, e) < 0)
			return -1;
	}
	return 0;
}

int
tree_each_item(struct tree *y, yaml_node_t *node, tree_entry_fn *read_entry,
    void *dest, struct error *e)
{
	yaml_node_item_t *item;

	if (tree_is_null(node))
		return 0;
	if (node->type != YAML_SEQUENCE_NODE)
		return tree_error(y, node, e, "expected a list");
	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *value =
		    yaml_document_get_node(&y->document, *item);

		if (read_entry(y, "", value, value, dest, e) < 0)
			return -1;
	}
	return 0;
}

struct table {
	const struct tree_key *keys;
	size_t len;
	void *object;
};

static int
read_known(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	const struct table *t = dest;
	char known[ERROR_TEXT_MAX / 2] = "";
	size_t len = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (strcmp(key, t->keys[i].name) == 0)
			return t->keys[i].read(
			    y, node, (char *)t->object + t->keys[i].offset, e);
	}
	for (size_t i = 0; i < t->len && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
		    "%s%s", i > 0 ? ", " : "", t->keys[i].name);
	return tree_error(y, key_node, e,
	    "unknown key \"%.64s\", expected one of %s", key, known);
}

int
tree_map(struct tree *y, yaml_node_t *node, const struct tree_key *keys,
    size_t keys_len, void *object, struct error *e)
{
	struct table t = { keys, keys_len, object };

	return tree_each_pair(y, node, read_known, &t, e);
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
	const char *slash = strrchr(y->path, '/');
	char **path = dest, *whole;

	if (tree_read_string(y, node, dest, e) < 0)
		return -1;
	if (tree_is_null(node))
		return 0;
	if (**path == '\0' || **path == '/' || slash == NULL)
		return 0;
	if (asprintf(
		&whole, "%.*s/%s", (int)(slash - y->path), y->path, *path) < 0)
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
	if (parse_bool(span_of(text), dest) < 0)
		return tree_error(y, node, e, "expected true or false");
	return 0;
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
