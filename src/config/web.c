#include "config/web.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/tree.h"
#include "config/tree_value.h"

#define FIELD(name) offsetof(struct web_config, name)

static tree_read_fn read_tls, read_http, read_users, read_rate, read_headers,
    read_interval, read_burst;

static const struct tree_key web_keys[] = {
	{ "tls_server_config", read_tls, 0 },
	{ "http_server_config", read_http, 0 },
	{ "basic_auth_users", read_users, 0 },
	{ "auth_excluded_paths", web_list_read, FIELD(open_paths) },
	{ "rate_limit", read_rate, 0 },
};

static const struct tree_key http_keys[] = {
	{ "http2", tree_read_switch, FIELD(http2) },
	{ "headers", read_headers, 0 },
};

static const struct tree_key rate_keys[] = {
	{ "interval", read_interval, FIELD(interval_us) },
	{ "burst", read_burst, 0 },
};

static const struct {
	const char *name;
	const char *values[3]; /* none: any */
} header_rules[] = {
	{ "Strict-Transport-Security", { NULL } },
	{ "X-Content-Type-Options", { "nosniff" } },
	{ "X-Frame-Options", { "deny", "sameorigin" } },
	{ "X-XSS-Protection", { NULL } },
	{ "Content-Security-Policy", { NULL } },
};
_Static_assert(nitems(header_rules) == WEB_HEADERS, "room for each header");

static int
read_tls(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;

	if (web_tls_read(y, node, &c->tls, e) < 0)
		return -1;
	c->has_tls = web_tls_is_on(&c->tls);
	return 0;
}

static int
read_http(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_map(y, node, http_keys, nitems(http_keys), dest, e);
}

/* The rule's number; past the end when there is none. */
static size_t
find_header(const char *name)
{
	size_t i = 0;

	while (i < WEB_HEADERS && strcmp(name, header_rules[i].name) != 0)
		i++;
	return i;
}

static bool
is_header_value(size_t rule, const char *text)
{
	const char *const *values = header_rules[rule].values;

	if (values[0] == NULL)
		return strpbrk(text, "\r\n") == NULL;
	for (; *values != NULL; values++) {
		if (strcmp(text, *values) == 0)
			return true;
	}
	return false;
}

static int
read_header(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;
	const char *text = tree_text(y, node, e);
	size_t rule = find_header(key);

	if (text == NULL)
		return -1;
	if (rule == WEB_HEADERS)
		return tree_error(y, key_node, e,
		    "the header \"%.64s\" cannot be set, expected one of "
		    "Strict-Transport-Security, X-Content-Type-Options, "
		    "X-Frame-Options, X-XSS-Protection, "
		    "Content-Security-Policy",
		    key);
	if (text[0] == '\0')
		return 0;
	if (!is_header_value(rule, text))
		return tree_error(y, node, e, "expected %s%s%s",
		    header_rules[rule].values[0] == NULL
			? "one line"
			: header_rules[rule].values[0],
		    header_rules[rule].values[1] != NULL ? " or " : "",
		    header_rules[rule].values[1] != NULL
			? header_rules[rule].values[1]
			: "");
	c->headers[c->headers_len++] =
	    (struct web_header){ header_rules[rule].name, xstrdup(text) };
	return 0;
}

static int
read_headers(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	return tree_each_pair(y, node, read_header, dest, e);
}

/* "$2y$10$", then 22 characters of salt and 31 of the hash. */
static const char *
hash_fault(const char *text, unsigned *cost)
{
	static const char letters[] = "./0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint64_t n;

	if (strlen(text) != WEB_HASH_BYTES || strncmp(text, "$2", 2) != 0 ||
	    strchr("aby", text[2]) == NULL || text[3] != '$' ||
	    text[6] != '$' || parse_u64((struct span){ text + 4, 2 }, &n) < 0 ||
	    n < 4 || strspn(text + 7, letters) != WEB_HASH_BYTES - 7)
		return "expected a bcrypt hash, such as \"htpasswd -nB\" "
		       "prints";
	*cost = (unsigned)n;
	return NULL;
}

static int
read_user(struct tree *y, const char *key, yaml_node_t *key_node,
    yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;
	const char *text = tree_text(y, node, e), *fault;
	unsigned cost;

	if (text == NULL)
		return -1;
	if (c->users_len == WEB_ENTRIES_MAX)
		return tree_error(y, key_node, e, "expected at most %d users",
		    WEB_ENTRIES_MAX);
	if (key[0] == '\0')
		return tree_error(y, key_node, e, "expected a name");
	if (strchr(key, ':') != NULL)
		return tree_error(
		    y, key_node, e, "expected a name without a colon");
	fault = hash_fault(text, &cost);
	if (fault != NULL)
		return tree_error(y, node, e, "%s", fault);
	if (cost > WEB_BCRYPT_COST_MAX)
		return tree_error(y, node, e,
		    "a bcrypt hash of cost %u, expected at most %d", cost,
		    WEB_BCRYPT_COST_MAX);
	c->users[c->users_len++] =
	    (struct web_user){ xstrdup(key), xstrdup(text) };
	return 0;
}

static int
read_users(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;

	c->users = xcalloc(WEB_ENTRIES_MAX, sizeof(*c->users));
	if (tree_each_pair(y, node, read_user, c, e) < 0)
		return -1;
	/* or else no password would be needed */
	if (c->users_len == 0)
		return tree_error(
		    y, node, e, "basic_auth_users, expected at least one user");
	return 0;
}

static int
read_interval(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);
	uint64_t us;

	if (given <= 0)
		return given;
	if (strcmp(text, "0") == 0)
		return 0;
	/* less than a microsecond would be no limit at all */
	if (parse_duration(span_of(text), &us) < 0 ||
	    (us == 0 && strpbrk(text, "123456789") != NULL))
		return tree_error(y, node, e,
		    "expected a duration such as 1s or 100ms, or 0");
	*(uint64_t *)dest = us;
	return 0;
}

static int
read_burst(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;
	const char *text;
	int given = tree_given(y, node, &text, e);
	uint64_t n;

	if (given <= 0)
		return given;
	if (parse_u64(span_of(text), &n) < 0 || n > UINT32_MAX)
		return tree_error(y, node, e, "expected a number of requests");
	c->has_burst = true;
	c->burst = n;
	return 0;
}

static int
read_rate(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;

	if (tree_map(y, node, rate_keys, nitems(rate_keys), c, e) < 0)
		return -1;
	if (c->interval_us > 0 && !c->has_burst)
		return tree_error(
		    y, node, e, "an interval, expected a burst as well");
	return 0;
}

int
web_config_load(const char *path, struct web_config *c, struct error *e)
{
	struct tree *y = NULL;
	int r = 0;

	*c = (struct web_config){ .http2 = true };
	web_tls_init(&c->tls);
	if (tree_load(path, &y, e) < 0)
		return -1;
	if (tree_root(y) != NULL)
		r = tree_map(y, tree_root(y), web_keys, nitems(web_keys), c, e);
	tree_free(y);
	return r;
}

void
web_config_free(struct web_config *c)
{
	web_tls_free(&c->tls);
	web_list_free(c->open_paths);
	for (size_t i = 0; i < c->headers_len; i++)
		free(c->headers[i].value);
	for (size_t i = 0; i < c->users_len; i++) {
		free(c->users[i].name);
		free(c->users[i].hash);
	}
	free(c->users);
	*c = (struct web_config){ 0 };
}
