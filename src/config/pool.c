#include "config/pool.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/query_pick.h"
#include "config/tree_value.h"
#include "stats/metric_query.h"

#define FIELD(name) offsetof(struct pool_config, name)

static tree_read_fn read_servers, read_address, read_weight, read_name,
    read_queries;

static const struct tree_key pool_keys[] = {
	{ "servers", read_servers, 0 },
	{ "distribution", tree_read_string, FIELD(distribution) },
	{ "hash", tree_read_string, FIELD(hash) },
	{ "namespace", read_name, FIELD(key_namespace) },
	{ "hash_with_namespace", tree_read_switch, FIELD(hash_with_namespace) },
	{ "options", tree_read_string, FIELD(options) },
	{ "module", tree_read_string, FIELD(module) },
	{ "queries", read_queries, 0 },
};

static const struct tree_key server_keys[] = {
	{ "address", read_address, offsetof(struct pool_server, address) },
	{ "weight", read_weight, offsetof(struct pool_server, weight) },
};

static int
read_address(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text = tree_text(y, node, e);
	struct error why;

	if (text == NULL)
		return -1;
	if (address_parse(dest, text, MEMCACHED_PORT, &why) < 0)
		return tree_error(y, node, e, "%s", why.text);
	return 0;
}

static int
read_weight(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	uint64_t n;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	if (parse_u64(span_of(text), &n) < 0 || n == 0 || n > POOL_WEIGHT_MAX)
		return tree_error(y, node, e, "expected a number from 1 to %d",
		    POOL_WEIGHT_MAX);
	*(uint32_t *)dest = (uint32_t)n;
	return 0;
}

/* What stands in front of keys: no blank, no control character. */
static int
read_name(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text = tree_text(y, node, e);

	if (text == NULL)
		return -1;
	for (size_t i = 0; text[i] != '\0'; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == '\x7f' ||
		    i == POOL_NAME_MAX)
			return tree_error(y, node, e,
			    "expected at most %d bytes without blanks",
			    POOL_NAME_MAX);
	}
	return tree_read_string(y, node, dest, e);
}

static int
read_server(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct pool_config *p = dest;
	struct pool_server *s;

	(void)key;
	(void)key_node;
	if (p->servers_len == POOL_SERVERS_MAX)
		return tree_error(y, node, e, "expected at most %d servers",
		    POOL_SERVERS_MAX);
	p->servers =
	    xreallocarray(p->servers, p->servers_len + 1, sizeof(*p->servers));
	s = &p->servers[p->servers_len++];
	*s = (struct pool_server){ .weight = 1 };
	if (node->type != YAML_MAPPING_NODE)
		return read_address(y, node, &s->address, e);
	if (tree_find(y, node, "address") == NULL)
		return tree_error(y, node, e, "expected the key address");
	return tree_map(y, node, server_keys, nitems(server_keys), s, e);
}

static int
read_servers(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_item(y, node, read_server, dest, e);
}

static int
read_queries(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct pool_config *p = dest;

	return query_configs_pick(p->queries, y, node, NULL, &p->gets, e);
}

/* The string says all of it: what else would say the same twice. */
static int
check_options(struct tree *y, yaml_node_t *map, struct error *e)
{
	static const char *const others[] = { "servers", "distribution", "hash",
		"namespace", "hash_with_namespace" };

	for (size_t i = 0; i < nitems(others); i++) {
		const char *both[] = { "options", others[i] };

		if (tree_find(y, map, others[i]) != NULL)
			return tree_error(y, tree_last(y, map, both, 2), e,
			    "%s and options do not go together: options has "
			    "all of it",
			    others[i]);
	}
	return 0;
}

static int
check_pool(struct tree *y, yaml_node_t *map, yaml_node_t *key_node,
    const struct pool_config *p, struct error *e)
{
	if (p->options != NULL && p->options[0] != '\0')
		return check_options(y, map, e);
	if (p->servers_len == 0)
		return tree_error(
		    y, key_node, e, "expected servers, or options with them");
	return 0;
}

static int
read_pool(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct pool_configs *ps = dest;
	struct pool_config *p;

	if (key[0] == '\0' || strlen(key) > POOL_NAME_MAX)
		return tree_error(y, key_node, e,
		    "expected a name of at most %d bytes", POOL_NAME_MAX);
	if (ps->len == POOLS_MAX)
		return tree_error(
		    y, key_node, e, "expected at most %d pools", POOLS_MAX);
	ps->list = xreallocarray(ps->list, ps->len + 1, sizeof(*ps->list));
	p = &ps->list[ps->len++];
	*p = (struct pool_config){ .name = xstrdup(key),
		.place = tree_place(y, key_node),
		.queries = ps->queries };
	if (tree_map(y, node, pool_keys, nitems(pool_keys), p, e) < 0)
		return -1;
	ps->servers += p->servers_len;
	if (ps->servers > POOLS_SERVERS_MAX)
		return tree_error(y, key_node, e,
		    "expected at most %d servers in all pools",
		    POOLS_SERVERS_MAX);
	ps->keys += p->gets != NULL ? p->gets->len : 0;
	if (ps->keys > POOLS_KEYS_MAX)
		return tree_error(y, key_node, e,
		    "expected at most %d keys in the queries of all pools",
		    POOLS_KEYS_MAX);
	return check_pool(y, node, key_node, p, e);
}

int
pool_configs_read(
    struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_pair(y, node, read_pool, dest, e);
}

void
pool_configs_free(struct pool_configs *ps)
{
	for (size_t i = 0; i < ps->len; i++) {
		struct pool_config *p = &ps->list[i];

		free(p->name);
		free(p->place);
		free(p->servers);
		free(p->distribution);
		free(p->hash);
		free(p->key_namespace);
		free(p->options);
		free(p->module);
		gets_release(p->gets);
	}
	free(ps->list);
	*ps = (struct pool_configs){ 0 };
}
