#include "config/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/address.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "config/collectors.h"
#include "config/pool_keys.h"
#include "config/protocol.h"
#include "config/query_pick.h"
#include "config/secret.h"
#include "config/tree.h"
#include "config/tree_value.h"
#include "stats/filter.h"

#define FIELD(name) offsetof(struct module_config, name)

static tree_read_fn read_collectors, read_tls, read_min_version, read_auth,
    read_username, read_targets, read_modules, read_protocol, read_auth_type,
    read_probe, read_probe_key, read_elsewhere, read_families, read_include,
    read_exclude;

static const struct tree_key file_keys[] = {
	{ "queries", read_elsewhere, 0 },
	{ "modules", read_modules, 0 },
	{ "pools", pool_configs_read, offsetof(struct config, pools) },
};

static const struct tree_key module_keys[] = {
	{ "timeout", tree_read_duration, FIELD(timeout_us) },
	{ "collectors", read_collectors, 0 },
	{ "tls", read_tls, 0 },
	{ "protocol", read_protocol, FIELD(protocol) },
	{ "auth", read_auth, 0 },
	{ "targets", read_targets, FIELD(targets) },
	{ "queries", read_elsewhere, 0 },
	{ "probe", read_probe, 0 },
	{ "families", read_families, FIELD(families) },
};

static const struct tree_key families_keys[] = {
	{ "include", read_include, 0 },
	{ "exclude", read_exclude, 0 },
};

static const struct tree_key tls_keys[] = {
	{ "ca_file", tree_read_path, FIELD(tls.ca_file) },
	{ "cert_file", tree_read_path, FIELD(tls.cert_file) },
	{ "key_file", tree_read_path, FIELD(tls.key_file) },
	{ "server_name", tree_read_string, FIELD(tls.server_name) },
	{ "insecure_skip_verify", tree_read_switch, FIELD(tls.insecure) },
	{ "min_version", read_min_version, FIELD(tls.min_version) },
};

static const struct tree_key auth_keys[] = {
	{ "type", read_auth_type, FIELD(auth) },
	{ "username", read_username, FIELD(username) },
	{ "password_file", tree_read_path, FIELD(password_file) },
};

static const struct tree_key probe_keys[] = {
	{ "key", read_probe_key, FIELD(probe_key) },
	{ "write", tree_read_switch, FIELD(probe_write) },
};

/* Where it stands in the file does not matter. */
static int
read_elsewhere(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	(void)y;
	(void)node;
	(void)dest;
	(void)e;
	return 0;
}

static int
read_collector(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;
	const char *name = tree_text(y, node, e);
	char echo[ADDRESS_ECHO_MAX];
	unsigned set;

	(void)key;
	(void)key_node;
	if (name == NULL)
		return -1;
	set = collector_set(name);
	address_echo(name, echo);
	if (set == 0)
		return tree_error(y, node, e,
		    "unknown collector \"%.64s\", expected one of %s", echo,
		    collector_names());
	m->collectors |= set;
	return 0;
}

static int
read_collectors(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->collectors = COLLECTORS_ALWAYS;
	return tree_each_item(y, node, read_collector, m, e);
}

/* One of two words, the first of which has the number 0. */
static int
read_choice(struct tree *y, yaml_node_t *node, const char *const words[2],
    unsigned *number, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	*number = strcmp(text, words[1]) == 0;
	if (*number == 0 && strcmp(text, words[0]) != 0)
		return tree_error(
		    y, node, e, "expected %s or %s", words[0], words[1]);
	return 0;
}

static int
read_min_version(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	enum tls_version *version = dest;
	unsigned number = *version - TLS_VERSION_12;

	if (read_choice(
		y, node, &tls_version_names[TLS_VERSION_12], &number, e) < 0)
		return -1;
	*version = TLS_VERSION_12 + number;
	return 0;
}

static int
read_tls(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_tls = true;
	return tree_map(y, node, tls_keys, nitems(tls_keys), m, e);
}

static int
read_protocol(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return read_choice(y, node, protocol_names, dest, e);
}

static int
read_auth_type(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return read_choice(y, node, auth_names, dest, e);
}

static int
read_username(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text = tree_text(y, node, e);
	struct error why;

	if (text == NULL)
		return -1;
	if (secret_check_username(text, &why) < 0)
		return tree_error(y, node, e, "%s", why.text);
	return tree_read_string(y, node, dest, e);
}

static int
read_auth(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_auth = true;
	return tree_map(y, node, auth_keys, nitems(auth_keys), m, e);
}

static int
read_target(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	const char *text = tree_text(y, node, e);
	struct error why;

	(void)key;
	(void)key_node;
	if (text == NULL)
		return -1;
	if (allow_add(dest, text, &why) < 0)
		return tree_error(y, node, e, "%s", why.text);
	return 0;
}

static int
read_targets(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct allow **allow = dest;

	*allow = allow_new();
	if (tree_each_item(y, node, read_target, *allow, e) < 0)
		return -1;
	if (allow_is_empty(*allow))
		return tree_error(y, node, e, "expected at least one target");
	return 0;
}

static int
read_probe_key(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);
	struct error why;

	if (given <= 0)
		return given;
	if (query_key_check(text, &why) < 0)
		return tree_error(y, node, e, "%s", why.text);
	return tree_read_string(y, node, dest, e);
}

static int
read_probe(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_probe = true;
	return tree_map(y, node, probe_keys, nitems(probe_keys), m, e);
}

/* After all its other keys, and the queries of the file. */
static int
read_queries(struct tree *y, yaml_node_t *map, const struct config *c,
    struct module_config *m, struct error *e)
{
	yaml_node_t *node = tree_find(y, map, "queries");

	if (node == NULL)
		return 0;
	return query_configs_pick(
	    &c->queries, y, node, m->probe_key, &m->gets, e);
}

static int
add_glob(struct tree *y, yaml_node_t *node, enum filter_list list,
    struct filter *filter, struct error *e)
{
	const char *text = tree_text(y, node, e);
	struct error why;
	char *place;
	int r;

	if (text == NULL)
		return -1;
	place = tree_place(y, node);
	r = filter_add(filter, list, text, place, &why);
	free(place);
	return r < 0 ? tree_error(y, node, e, "%s", why.text) : 0;
}

static int
include_one(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	(void)key;
	(void)key_node;
	return add_glob(y, node, FILTER_INCLUDE, dest, e);
}

static int
exclude_one(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	(void)key;
	(void)key_node;
	return add_glob(y, node, FILTER_EXCLUDE, dest, e);
}

static int
read_include(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_item(y, node, include_one, dest, e);
}

static int
read_exclude(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_item(y, node, exclude_one, dest, e);
}

static int
read_families(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct filter **filter = dest;

	*filter = filter_new();
	return tree_map(
	    y, node, families_keys, nitems(families_keys), *filter, e);
}

static int
rule_error(struct tree *y, yaml_node_t *map, const struct module_rule *rule,
    struct error *e)
{
	yaml_node_t *place = tree_last(y, map, rule->keys, nitems(rule->keys));

	return tree_error(y, place, e, "%s", rule->file);
}

static int
read_module(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct config *c = dest;
	const struct module_rule *rule;
	struct module_config *m;
	yaml_node_t *protocol;

	if (key[0] == '\0')
		return tree_error(y, key_node, e, "expected a name");
	if (c->len == FILE_MODULES_MAX)
		return tree_error(y, key_node, e, "expected at most %d modules",
		    FILE_MODULES_MAX);
	m = &c->modules[c->len++];
	module_config_init(m);
	m->name = xstrdup(key);
	m->place = tree_place(y, key_node);
	if (tree_map(y, node, module_keys, nitems(module_keys), m, e) < 0)
		return -1;
	if (read_queries(y, node, c, m, e) < 0)
		return -1;
	protocol = tree_find(y, node, "protocol");
	m->has_protocol = protocol != NULL && !tree_is_null(protocol);
	m->has_targets = m->targets != NULL;
	rule = module_config_check(m);
	return rule == NULL ? 0 : rule_error(y, node, rule, e);
}

static int
read_modules(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct config *c = dest;

	c->modules = xcalloc(FILE_MODULES_MAX, sizeof(*c->modules));
	return tree_each_pair(y, node, read_module, c, e);
}

/* Modules and pools name queries, wherever these stand. */
static int
read_file(struct tree *y, yaml_node_t *root, struct config *c, struct error *e)
{
	yaml_node_t *queries = tree_find(y, root, "queries");

	if (queries != NULL &&
	    query_configs_read(y, queries, &c->queries, e) < 0)
		return -1;
	c->pools.queries = &c->queries;
	if (tree_map(y, root, file_keys, nitems(file_keys), c, e) < 0)
		return -1;
	return pool_keys_check(c, e);
}

int
config_load(const char *path, struct config *c, struct error *e)
{
	struct tree *y = NULL;
	int r = 0;

	*c = (struct config){ 0 };
	if (path[0] == '\0')
		return 0;
	if (tree_load(path, &y, e) < 0)
		return -1;
	r = tree_expect_one(y, e);
	if (r == 0 && tree_root(y) != NULL)
		r = read_file(y, tree_root(y), c, e);
	tree_free(y);
	return r;
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->len; i++)
		module_config_free(&c->modules[i]);
	free(c->modules);
	pool_configs_free(&c->pools);
	query_configs_free(&c->queries);
	*c = (struct config){ 0 };
}
