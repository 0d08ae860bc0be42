#include "config/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "config/collectors.h"
#include "config/protocol.h"
#include "config/secret.h"
#include "config/tree.h"
#include "config/tree_value.h"

#define FIELD(name) offsetof(struct module_config, name)

static tree_read_fn read_collectors, read_tls, read_min_version, read_auth,
    read_username, read_targets, read_modules, read_protocol, read_auth_type;

static const struct tree_key file_keys[] = {
	{ "modules", read_modules, 0 },
};

static const struct tree_key module_keys[] = {
	{ "timeout", tree_read_duration, FIELD(timeout_us) },
	{ "collectors", read_collectors, 0 },
	{ "tls", read_tls, 0 },
	{ "protocol", read_protocol, 0 },
	{ "auth", read_auth, 0 },
	{ "targets", read_targets, FIELD(targets) },
};

static const struct tree_key tls_keys[] = {
	{ "ca_file", tree_read_path, FIELD(tls_ca_file) },
	{ "cert_file", tree_read_path, FIELD(tls_cert_file) },
	{ "key_file", tree_read_path, FIELD(tls_key_file) },
	{ "server_name", tree_read_string, FIELD(tls_server_name) },
	{ "insecure_skip_verify", tree_read_switch, FIELD(tls_insecure) },
	{ "min_version", read_min_version, FIELD(tls_min_version) },
};

static const struct tree_key auth_keys[] = {
	{ "type", read_auth_type, FIELD(sasl) },
	{ "username", read_username, FIELD(username) },
	{ "password_file", tree_read_path, FIELD(password_file) },
};

static int
read_collector(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;
	const char *name = tree_text(y, node, e);
	unsigned section;

	(void)key;
	(void)key_node;
	if (name == NULL)
		return -1;
	section = collector_section(name);
	if (section == 0)
		return tree_error(y, node, e,
		    "unknown collector \"%.64s\", expected one of %s", name,
		    collector_names());
	m->sections |= section;
	return 0;
}

static int
read_collectors(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_collectors = true;
	m->sections = SECTIONS_ALWAYS;
	return tree_each_item(y, node, read_collector, m, e);
}

static int
read_min_version(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	if (strcmp(text, "TLS12") != 0 && strcmp(text, "TLS13") != 0)
		return tree_error(y, node, e, "expected TLS12 or TLS13");
	return tree_read_string(y, node, dest, e);
}

static int
read_tls(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_tls = true;
	if (tree_map(y, node, tls_keys, nitems(tls_keys), m, e) < 0)
		return -1;
	if (is_set(m->tls_cert_file) != is_set(m->tls_key_file))
		return tree_error(y, node, e,
		    "expected both cert_file and key_file, or neither");
	return 0;
}

/* The second of two words, or the first. */
static int
read_choice(struct tree *y, yaml_node_t *node, const char *const words[2],
    bool *second, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	*second = strcmp(text, words[1]) == 0;
	if (!*second && strcmp(text, words[0]) != 0)
		return tree_error(
		    y, node, e, "expected %s or %s", words[0], words[1]);
	return 0;
}

static int
read_protocol(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_protocol = !tree_is_null(node);
	return read_choice(y, node, protocol_names, &m->binary, e);
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

	if (text == NULL)
		return -1;
	if (!secret_is_username(text))
		return tree_error(y, node, e, "expected a name without blanks");
	return tree_read_string(y, node, dest, e);
}

static int
read_auth(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct module_config *m = dest;

	m->has_auth = true;
	if (tree_map(y, node, auth_keys, nitems(auth_keys), m, e) < 0)
		return -1;
	if (!is_set(m->username) || !is_set(m->password_file))
		return tree_error(
		    y, node, e, "expected both username and password_file");
	return 0;
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
read_module(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct config *c = dest;
	struct module_config *m;

	if (key[0] == '\0')
		return tree_error(y, key_node, e, "expected a name");
	if (c->len == FILE_MODULES_MAX)
		return tree_error(y, key_node, e, "expected at most %d modules",
		    FILE_MODULES_MAX);
	m = &c->modules[c->len++];
	m->name = xstrdup(key);
	m->place = tree_place(y, key_node);
	if (tree_map(y, node, module_keys, nitems(module_keys), m, e) < 0)
		return -1;
	if (m->sasl && m->has_protocol && !m->binary)
		return tree_error(y, key_node, e,
		    "auth of type sasl, expected protocol binary");
	if (m->sasl)
		m->binary = true;
	if (m->has_auth && m->binary && !m->sasl)
		return tree_error(y, key_node, e,
		    "the binary protocol, expected auth of type sasl");
	if (m->has_auth && m->targets == NULL)
		return tree_error(y, key_node, e,
		    "a module with auth, expected its targets: where its "
		    "password may go");
	return 0;
}

static int
read_modules(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct config *c = dest;

	c->modules = xcalloc(FILE_MODULES_MAX, sizeof(*c->modules));
	return tree_each_pair(y, node, read_module, c, e);
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
		r = tree_map(
		    y, tree_root(y), file_keys, nitems(file_keys), c, e);
	tree_free(y);
	return r;
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->len; i++) {
		struct module_config *m = &c->modules[i];

		free(m->name);
		free(m->place);
		free(m->tls_ca_file);
		free(m->tls_cert_file);
		free(m->tls_key_file);
		free(m->tls_server_name);
		free(m->tls_min_version);
		free(m->username);
		free(m->password_file);
		allow_free(m->targets);
	}
	free(c->modules);
	*c = (struct config){ 0 };
}
