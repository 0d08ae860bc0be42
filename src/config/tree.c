#include "config/tree.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/address.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/tree_value.h"

struct tree {
	char *path;
	yaml_document_t document;
	size_t next_line; /* of a second document; 0: there is none */
};

const char *
tree_path(const struct tree *y)
{
	return y->path;
}

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

/* libyaml tells the place of a byte that it cannot read by its offset alone. */
static yaml_mark_t
place_of_problem(const yaml_parser_t *parser, struct span content)
{
	yaml_mark_t mark = { 0 };
	size_t n = parser->problem_offset;

	if (parser->error != YAML_READER_ERROR)
		return parser->problem_mark;
	for (size_t i = 0; i < n && i < content.len; i++) {
		mark.column++;
		if (content.p[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static int
syntax_error(const yaml_parser_t *parser, const char *path, struct span content,
    struct error *e)
{
	yaml_mark_t mark = place_of_problem(parser, content);

	return error_set(e, "%s:%zu:%zu: %s, expected YAML", path,
	    mark.line + 1, mark.column + 1,
	    parser->problem != NULL ? parser->problem : "not readable");
}

/* The line of what follows the first document, or 0; a lone "---" is nothing. */
static size_t
next_line(yaml_parser_t *parser)
{
	const yaml_node_t *root;
	yaml_document_t next;
	size_t line = 0;

	if (!yaml_parser_load(parser, &next))
		return parser->problem_mark.line + 1;
	root = yaml_document_get_root_node(&next);
	if (root != NULL && !tree_is_null(root))
		line = next.start_mark.line + 1;
	yaml_document_delete(&next);
	return line;
}

static int
parse(struct tree *y, struct span content, struct error *e)
{
	yaml_parser_t parser;
	int r = 0;

	begin(&parser, content);
	if (!yaml_parser_load(&parser, &y->document)) {
		r = syntax_error(&parser, y->path, content, e);
		memset(&y->document, 0, sizeof(y->document));
	} else if (tree_root(y) != NULL) {
		y->next_line = next_line(&parser);
	}
	yaml_parser_delete(&parser);
	return r;
}

int
tree_expect_one(const struct tree *y, struct error *e)
{
	if (y->next_line == 0)
		return 0;
	return error_set(e, "%s:%zu:1: a second document, expected one",
	    y->path, y->next_line);
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

const char *
tree_library_version(void)
{
	return yaml_get_version_string();
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

/* "<<" without quotes, as Go's yaml has it. */
static bool
is_merge(const yaml_node_t *key)
{
	return key->type == YAML_SCALAR_NODE &&
	       key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp((const char *)key->data.scalar.value, "<<") == 0;
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
		const char *name = tree_exact(y, key, e);

		if (name == NULL)
			return -1;
		if (is_merge(key))
			return tree_error(y, key, e,
			    "merge keys (<<) are not read, expected the keys "
			    "themselves");
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

static const yaml_node_pair_t *
find_pair(struct tree *y, const yaml_node_t *map, const char *name)
{
	const yaml_node_pair_t *found = NULL;

	if (name == NULL || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
	     p < map->data.mapping.pairs.top && found == NULL; p++) {
		const yaml_node_t *key =
		    yaml_document_get_node(&y->document, p->key);

		if (key->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)key->data.scalar.value, name) == 0)
			found = p;
	}
	return found;
}

yaml_node_t *
tree_find(struct tree *y, yaml_node_t *map, const char *name)
{
	const yaml_node_pair_t *pair = find_pair(y, map, name);

	if (pair == NULL)
		return NULL;
	return yaml_document_get_node(&y->document, pair->value);
}

yaml_node_t *
tree_last(struct tree *y, yaml_node_t *map, const char *const *names, size_t n)
{
	yaml_node_t *last = map;

	for (size_t i = 0; i < n; i++) {
		const yaml_node_pair_t *pair = find_pair(y, map, names[i]);
		yaml_node_t *key;

		if (pair == NULL)
			continue;
		key = yaml_document_get_node(&y->document, pair->key);
		if (last == map ||
		    key->start_mark.index > last->start_mark.index)
			last = key;
	}
	return last;
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
	char known[ERROR_TEXT_MAX / 2] = "", echo[ADDRESS_ECHO_MAX];
	size_t len = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (strcmp(key, t->keys[i].name) == 0)
			return t->keys[i].read(
			    y, node, (char *)t->object + t->keys[i].offset, e);
	}
	for (size_t i = 0; i < t->len && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len,
		    "%s%s", i > 0 ? ", " : "", t->keys[i].name);
	address_echo(key, echo);
	return tree_error(y, key_node, e,
	    "unknown key \"%.64s\", expected one of %s", echo, known);
}

int
tree_map(struct tree *y, yaml_node_t *node, const struct tree_key *keys,
    size_t keys_len, void *object, struct error *e)
{
	struct table t = { keys, keys_len, object };

	return tree_each_pair(y, node, read_known, &t, e);
}
