#include "config/query_pick.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/query.h"
#include "config/tree_value.h"

/* Those that a list names, and what is known of their keys so far. */
struct pick {
	const struct query_configs *from;
	struct metric_query *list[QUERIES_MAX];
	size_t len, keys;
	const char *plain, *switching; /* one of each kind, or NULL */
};

static int
note_key(struct tree *y, yaml_node_t *place, struct pick *p, const char *key,
    struct error *e)
{
	if (metric_query_key_switches(key))
		p->switching = key;
	else
		p->plain = key;
	if (p->switching == NULL || p->plain == NULL)
		return 0;
	return tree_error(y, place, e,
	    "\"%.64s\" beside \"%.64s\": in the InnoDB plugin a key with @@ "
	    "switches the connection to its table, and the plain one would be "
	    "looked up there; put them into two modules, or name the table in "
	    "both",
	    p->plain, p->switching);
}

static int
pick_query(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct pick *p = dest;
	const char *name = tree_text(y, node, e);
	struct metric_query *q = NULL;

	(void)key;
	(void)key_node;
	if (name == NULL)
		return -1;
	for (size_t i = 0; i < p->from->len && q == NULL; i++) {
		if (strcmp(p->from->list[i]->name, name) == 0)
			q = p->from->list[i];
	}
	if (q == NULL)
		return tree_error(y, node, e,
		    "unknown query \"%.64s\", expected one of those below "
		    "queries",
		    name);
	for (size_t i = 0; i < p->len; i++) {
		if (p->list[i] == q)
			return tree_error(y, node, e,
			    "query \"%.64s\" again, expected it once", name);
	}
	p->list[p->len++] = q;
	p->keys += q->keys_len;
	if (p->keys > QUERY_KEYS_ALL_MAX)
		return tree_error(y, node, e,
		    "%zu keys with this query, expected at most %d in all",
		    p->keys, QUERY_KEYS_ALL_MAX);
	for (size_t i = 0; i < q->keys_len; i++) {
		if (note_key(y, node, p, q->keys[i], e) < 0)
			return -1;
	}
	return 0;
}

int
query_configs_pick(const struct query_configs *qs, struct tree *y,
    yaml_node_t *node, const char *other_key, struct gets **out,
    struct error *e)
{
	struct pick *p = xcalloc(1, sizeof(*p));
	int r = 0;

	p->from = qs;
	if (is_set(other_key))
		r = note_key(y, node, p, other_key, e);
	if (r == 0)
		r = tree_each_item(y, node, pick_query, p, e);
	if (r == 0)
		*out =
		    p->len > 0 ? gets_new(p->list, p->len, NULL, NULL) : NULL;
	free(p);
	return r;
}
