#include "config/query.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/query_name.h"
#include "config/tree_value.h"
#include "stats/catalogue.h"

#define NUMBER_BYTES_MAX 128

/* What a query's keys say; the nodes are for places. */
struct draft {
	struct metric_query *query;
	const char *text; /* "get …" */
	const char *columns[QUERY_COLUMNS_MAX];
	size_t columns_len;
	const char *labels[QUERY_LABELS_MAX];
	yaml_node_t *label_nodes[QUERY_LABELS_MAX];
	size_t labels_len;
	const char *value;
};

#define FIELD(name) offsetof(struct draft, name)

static tree_read_fn read_text, read_type, read_help, read_columns, read_labels,
    read_separator, read_scale;

static const struct tree_key query_keys[] = {
	{ "query", read_text, FIELD(text) },
	{ "type", read_type, 0 },
	{ "description", read_help, 0 },
	{ "columns", read_columns, 0 },
	{ "separator", read_separator, 0 },
	{ "labels", read_labels, 0 },
	{ "value", read_text, FIELD(value) },
	{ "scale", read_scale, 0 },
};

static int
read_text(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char **text = dest;

	return tree_given(y, node, text, e) < 0 ? -1 : 0;
}

static int
read_type(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct draft *d = dest;
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	if (strcmp(text, metric_type_name(METRIC_COUNTER)) == 0)
		d->query->type = METRIC_COUNTER;
	else if (strcmp(text, metric_type_name(METRIC_GAUGE)) != 0)
		return tree_error(y, node, e, "expected gauge or counter");
	return 0;
}

/* As the formats want it: `\` and newlines escaped. */
static int
read_help(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct draft *d = dest;
	const char *text;
	int given = tree_given(y, node, &text, e);
	size_t len = given > 0 ? strlen(text) : 0;
	struct buf help;

	if (given <= 0)
		return given;
	while (len > 0 && text[len - 1] == '\n')
		len--; /* of a block (|, >) */
	if (len > QUERY_HELP_BYTES_MAX)
		return tree_error(y, node, e, "expected at most %d bytes",
		    QUERY_HELP_BYTES_MAX);
	buf_init(&help, 2 * QUERY_HELP_BYTES_MAX + 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || c == '\\')
			buf_add_str(&help, c == '\n' ? "\\n" : "\\\\");
		else
			buf_add_char(
			    &help, c < ' ' || c == 0x7f ? ' ' : text[i]);
	}
	buf_add_char(&help, '\0');
	free(d->query->help);
	d->query->help = buf_take(&help, &len);
	return 0;
}

static int
read_column(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct draft *d = dest;
	const char *name = tree_text(y, node, e);

	(void)key;
	(void)key_node;
	if (name == NULL)
		return -1;
	if (d->columns_len == QUERY_COLUMNS_MAX)
		return tree_error(y, node, e, "expected at most %d columns",
		    QUERY_COLUMNS_MAX);
	if (name[0] == '\0')
		return tree_error(y, node, e, "expected a name");
	for (size_t i = 0; i < d->columns_len; i++) {
		if (strcmp(d->columns[i], name) == 0)
			return tree_error(y, node, e,
			    "column \"%.64s\" again, expected it once", name);
	}
	d->columns[d->columns_len++] = name;
	return 0;
}

static int
read_columns(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_item(y, node, read_column, dest, e);
}

static int
read_separator(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct draft *d = dest;
	const char *text = tree_exact(y, node, e);

	if (text == NULL)
		return -1;
	if (text[0] == '\0' || strlen(text) > QUERY_SEPARATOR_BYTES_MAX)
		return tree_error(y, node, e, "expected 1 to %d bytes",
		    QUERY_SEPARATOR_BYTES_MAX);
	d->query->separator = xstrdup(text);
	return 0;
}

static int
read_label(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	static const char *const reserved[] = { "le", "quantile" };
	struct draft *d = dest;
	const char *name = tree_text(y, node, e);

	(void)key;
	(void)key_node;
	if (name == NULL)
		return -1;
	if (d->labels_len == QUERY_LABELS_MAX)
		return tree_error(
		    y, node, e, "expected at most %d labels", QUERY_LABELS_MAX);
	if (!query_name_is_label(name))
		return tree_error(y, node, e,
		    "\"%.64s\" is no name of a label: expected letters, digits "
		    "and _, no digit first, at most %d bytes",
		    name, QUERY_NAME_BYTES_MAX);
	if (strncmp(name, "__", 2) == 0)
		return tree_error(y, node, e,
		    "Prometheus keeps names of labels with __ in front for "
		    "itself");
	for (size_t i = 0; i < nitems(reserved); i++) {
		if (strcmp(name, reserved[i]) == 0)
			return tree_error(y, node, e,
			    "the label %s belongs to histograms and summaries",
			    name);
	}
	for (size_t i = 0; i < d->labels_len; i++) {
		if (strcmp(d->labels[i], name) == 0)
			return tree_error(y, node, e,
			    "label \"%.64s\" again, expected it once", name);
	}
	d->label_nodes[d->labels_len] = node;
	d->labels[d->labels_len++] = name;
	return 0;
}

static int
read_labels(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_item(y, node, read_label, dest, e);
}

/* strtod reads only what a value may be. */
static int
read_scale(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct draft *d = dest;
	char bytes[NUMBER_BYTES_MAX];
	struct buf number;
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	buf_init_over(&number, bytes, sizeof(bytes));
	if (value_signed(&number, span_of(text), NULL, NULL) == VALUE_WRITTEN) {
		buf_add_char(&number, '\0');
		d->query->scale = strtod(number.p, NULL);
	}
	if (d->query->scale == 0.0)
		return tree_error(y, node, e, "expected a number other than 0");
	return 0;
}

int
query_key_check(const char *key, struct error *why)
{
	if (!is_graphic(key))
		return error_set(
		    why, "a key has no blank and no control character");
	if (key[0] == '\0' || strlen(key) > QUERY_KEY_BYTES_MAX)
		return error_set(why, "expected a key of 1 to %d bytes",
		    QUERY_KEY_BYTES_MAX);
	return 0;
}

static int
add_key(struct tree *y, yaml_node_t *place, struct metric_query *q,
    struct span word, struct error *e)
{
	char *key;
	struct error why;

	if (q->keys_len == QUERY_KEYS_MAX)
		return tree_error(
		    y, place, e, "expected at most %d keys", QUERY_KEYS_MAX);
	key = q->keys[q->keys_len++] = xstrndup(word.p, word.len);
	if (query_key_check(key, &why) < 0)
		return tree_error(y, place, e, "%s", why.text);
	for (size_t i = 0; i + 1 < q->keys_len; i++) {
		if (strcmp(q->keys[i], key) == 0)
			return tree_error(y, place, e,
			    "key \"%.64s\" again, expected it once", key);
	}
	return 0;
}

/* "get", and keys with blanks between. */
static int
take_keys(struct tree *y, yaml_node_t *place, struct draft *d, struct error *e)
{
	static const char blanks[] = " \t\r\n";
	const char *p = d->text != NULL ? d->text : "";
	bool is_first = true;

	d->query->keys = xcalloc(QUERY_KEYS_MAX, sizeof(char *));
	for (p += strspn(p, blanks); *p != '\0'; p += strspn(p, blanks)) {
		struct span word = { p, strcspn(p, blanks) };

		p += word.len;
		if (is_first && !span_is(word, "get"))
			break;
		if (!is_first && add_key(y, place, d->query, word, e) < 0)
			return -1;
		is_first = false;
	}
	if (d->query->keys_len == 0)
		return tree_error(y, place, e,
		    "expected \"get\" and keys: queries only read");
	return 0;
}

/* The place of a column, or the number of columns. */
static size_t
column_of(const struct draft *d, const char *name)
{
	size_t i = 0;

	while (i < d->columns_len && strcmp(d->columns[i], name) != 0)
		i++;
	return i;
}

static void
add_label(struct metric_query *q, const char *name, size_t column)
{
	size_t i = q->labels_len++;

	for (; i > 0 && strcmp(q->labels[i - 1].name, name) > 0; i--)
		q->labels[i] = q->labels[i - 1];
	q->labels[i] =
	    (struct query_label){ .name = xstrdup(name), .column = column };
}

static int
take_columns(struct tree *y, yaml_node_t *map, struct draft *d, struct error *e)
{
	struct metric_query *q = d->query;
	yaml_node_t *place = tree_find(y, map, "value");
	const char *value = d->value != NULL ? d->value : "value";

	q->columns = d->columns_len;
	q->value = column_of(d, value);
	if (q->value == q->columns)
		return tree_error(y, place != NULL ? place : map, e,
		    "\"%.64s\" is none of the columns: expected the one that "
		    "has the number",
		    value);
	for (size_t i = 0; i < d->labels_len; i++) {
		size_t column = column_of(d, d->labels[i]);

		if (column == q->columns)
			return tree_error(y, d->label_nodes[i], e,
			    "\"%.64s\" is none of the columns", d->labels[i]);
		if (column == q->value)
			return tree_error(y, d->label_nodes[i], e,
			    "\"%.64s\" is the number, it can be no label",
			    d->labels[i]);
		add_label(q, d->labels[i], column);
	}
	if (q->separator == NULL)
		q->separator = xstrdup("|");
	return 0;
}

/* Keys that say something only of columns. */
static int
check_no_columns(struct tree *y, yaml_node_t *map, struct error *e)
{
	static const char *const keys[] = { "labels", "separator", "value" };

	for (size_t i = 0; i < nitems(keys); i++) {
		yaml_node_t *place = tree_find(y, map, keys[i]);

		if (place != NULL && !tree_is_null(place))
			return tree_error(y, place, e,
			    "%s needs columns: without them the whole value is "
			    "the number",
			    keys[i]);
	}
	return 0;
}

static int
take_draft(struct tree *y, yaml_node_t *map, struct draft *d, struct error *e)
{
	yaml_node_t *query = tree_find(y, map, "query");

	if (take_keys(y, query != NULL ? query : map, d, e) < 0)
		return -1;
	if (d->query->help == NULL)
		d->query->help = xstrdup("Read from values of keys.");
	return d->columns_len > 0 ? take_columns(y, map, d, e)
				  : check_no_columns(y, map, e);
}

static int
read_query(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct query_configs *qs = dest;
	struct draft d = { 0 };

	if (qs->len == QUERIES_MAX)
		return tree_error(
		    y, key_node, e, "expected at most %d queries", QUERIES_MAX);
	d.query = qs->list[qs->len++] = metric_query_new();
	d.query->name = xstrdup(key);
	d.query->type = METRIC_GAUGE;
	if (tree_map(y, node, query_keys, nitems(query_keys), &d, e) < 0 ||
	    query_name_check(y, key_node, qs, d.query, e) < 0)
		return -1;
	return take_draft(y, node, &d, e);
}

int
query_configs_read(
    struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct query_configs *qs = dest;

	qs->list = xcalloc(QUERIES_MAX, sizeof(struct metric_query *));
	return tree_each_pair(y, node, read_query, qs, e);
}

void
query_configs_free(struct query_configs *qs)
{
	for (size_t i = 0; i < qs->len; i++)
		metric_query_release(qs->list[i]);
	free(qs->list);
	*qs = (struct query_configs){ 0 };
}
