#include "config/web.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/secret.h"
#include "config/tree.h"

#define FIELD(name) offsetof(struct web_config, name)
#define TLS_FIELD(name) offsetof(struct web_tls, name)

static tree_read_fn read_tls, read_http, read_users, read_rate, read_headers,
    read_client_auth, read_version, read_ciphers, read_curves, read_names,
    read_interval, read_burst;

static const struct tree_key web_keys[] = {
	{ "tls_server_config", read_tls, 0 },
	{ "http_server_config", read_http, 0 },
	{ "basic_auth_users", read_users, 0 },
	{ "auth_excluded_paths", read_names, FIELD(open_paths) },
	{ "rate_limit", read_rate, 0 },
};

static const struct tree_key tls_keys[] = {
	{ "cert", tree_read_string, TLS_FIELD(cert) },
	{ "key", tree_read_string, TLS_FIELD(key) },
	{ "client_ca", tree_read_string, TLS_FIELD(client_ca) },
	{ "cert_file", tree_read_path, TLS_FIELD(cert_file) },
	{ "key_file", tree_read_path, TLS_FIELD(key_file) },
	{ "client_ca_file", tree_read_path, TLS_FIELD(client_ca_file) },
	{ "client_auth_type", read_client_auth, TLS_FIELD(client_auth) },
	{ "client_allowed_sans", read_names, TLS_FIELD(allowed_sans) },
	{ "min_version", read_version, TLS_FIELD(min_version) },
	{ "max_version", read_version, TLS_FIELD(max_version) },
	{ "cipher_suites", read_ciphers, TLS_FIELD(ciphers) },
	{ "prefer_server_cipher_suites", tree_read_switch,
	    TLS_FIELD(prefer_server_ciphers) },
	{ "curve_preferences", read_curves, TLS_FIELD(curves) },
};

static const struct tree_key http_keys[] = {
	{ "http2", tree_read_switch, FIELD(http2) },
	{ "headers", read_headers, 0 },
};

static const struct tree_key rate_keys[] = {
	{ "interval", read_interval, FIELD(interval_us) },
	{ "burst", read_burst, FIELD(burst) },
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

/* crypto/tls, type ClientAuthType; the last is an old name of another. */
static const struct {
	const char *name;
	enum client_auth auth;
} client_auths[] = {
	{ "NoClientCert", CLIENT_AUTH_NONE },
	{ "RequestClientCert", CLIENT_AUTH_REQUEST },
	{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
	{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN },
	{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE },
	{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY },
};

static const char *const version_names[] = {
	[TLS_VERSION_10] = "TLS10",
	[TLS_VERSION_11] = "TLS11",
	[TLS_VERSION_12] = "TLS12",
	[TLS_VERSION_13] = "TLS13",
};
_Static_assert(nitems(version_names) == TLS_VERSIONS, "a name for each");

/* crypto/tls, function CipherSuites, of all its versions. */
static const char *const cipher_names[] = {
	"TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384",
	"TLS_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
	"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
	"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
	"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
	"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
	"TLS_RSA_WITH_AES_128_CBC_SHA",
	"TLS_RSA_WITH_AES_256_CBC_SHA",
	"TLS_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_RSA_WITH_AES_256_GCM_SHA384",
};

static const struct {
	const char *name;
	const char *openssl;
} curve_names[] = {
	{ "CurveP256", "P-256" },
	{ "CurveP384", "P-384" },
	{ "CurveP521", "P-521" },
	{ "X25519", "X25519" },
};

static void
list_add(struct web_list **list, const char *name)
{
	if (*list == NULL)
		*list = xcalloc(1, sizeof(**list));
	(*list)->names[(*list)->len++] = xstrdup(name);
}

static void
list_free(struct web_list *list)
{
	for (size_t i = 0; list != NULL && i < list->len; i++)
		free(list->names[i]);
	free(list);
}

/* A list, and what may stand in it. */
struct items {
	struct web_list **list;
	/* what is kept of a text; NULL for one that is not known */
	const char *(*known)(const char *text);
	const char *what; /* for an error */
	const char *expected;
};

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
	kept = items->known(text);
	if (kept == NULL)
		return tree_error(y, node, e,
		    "unknown %s \"%.64s\", expected %s", items->what, text,
		    items->expected);
	list_add(items->list, kept);
	return 0;
}

static const char *
any_name(const char *text)
{
	return text;
}

static int
read_names(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct items items = { .list = dest, .known = any_name };

	return tree_each_item(y, node, read_item, &items, e);
}

static const char *
cipher_name(const char *text)
{
	for (size_t i = 0; i < nitems(cipher_names); i++) {
		if (strcmp(text, cipher_names[i]) == 0)
			return text;
	}
	return NULL;
}

static int
read_ciphers(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct items items = { dest, cipher_name, "cipher",
		"a name such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" };

	return tree_each_item(y, node, read_item, &items, e);
}

static const char *
curve_name(const char *text)
{
	for (size_t i = 0; i < nitems(curve_names); i++) {
		if (strcmp(text, curve_names[i].name) == 0)
			return curve_names[i].openssl;
	}
	return NULL;
}

static int
read_curves(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct items items = { dest, curve_name, "curve",
		"one of CurveP256, CurveP384, CurveP521, X25519" };

	return tree_each_item(y, node, read_item, &items, e);
}

static int
read_client_auth(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text = tree_text(y, node, e);

	if (text == NULL)
		return -1;
	if (text[0] == '\0')
		text = client_auths[0].name;
	for (size_t i = 0; i < nitems(client_auths); i++) {
		if (strcmp(text, client_auths[i].name) == 0) {
			*(enum client_auth *)dest = client_auths[i].auth;
			return 0;
		}
	}
	return tree_error(y, node, e,
	    "expected one of NoClientCert, RequestClientCert, "
	    "RequireAnyClientCert, VerifyClientCertIfGiven, "
	    "RequireAndVerifyClientCert");
}

static int
read_version(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	const char *text;
	int given = tree_given(y, node, &text, e);

	if (given <= 0)
		return given;
	for (unsigned i = 0; i < TLS_VERSIONS; i++) {
		if (strcmp(text, version_names[i]) == 0) {
			*(enum tls_version *)dest = (enum tls_version)i;
			return 0;
		}
	}
	return tree_error(
	    y, node, e, "expected one of TLS10, TLS11, TLS12, TLS13");
}

/* Only TLS 1.3 names no key exchange. */
enum tls_version
web_cipher_version(const char *name)
{
	size_t len = strlen(name), suffix = strlen("_CBC_SHA");

	if (strstr(name, "_WITH_") == NULL)
		return TLS_VERSION_13;
	return strcmp(name + len - suffix, "_CBC_SHA") == 0 ? TLS_VERSION_10
							    : TLS_VERSION_12;
}

/* Whether a version is left: in TLS 1.3 all of its own ciphers are. */
static bool
has_cipher(const struct web_tls *t)
{
	bool found = t->ciphers == NULL || t->max_version == TLS_VERSION_13;

	for (size_t i = 0; !found && i < t->ciphers->len; i++)
		found =
		    web_cipher_version(t->ciphers->names[i]) <= t->max_version;
	return found;
}

/* What no key alone can know of; NULL when all is well. */
static const char *
tls_fault(const struct web_tls *t)
{
	bool ca = is_set(t->client_ca) || is_set(t->client_ca_file);

	if ((is_set(t->cert) && is_set(t->cert_file)) ||
	    (is_set(t->key) && is_set(t->key_file)) ||
	    (is_set(t->client_ca) && is_set(t->client_ca_file)))
		return "both a text and a file, expected one of them";
	if (!is_set(t->cert) && !is_set(t->cert_file))
		return "expected cert_file or cert";
	if (!is_set(t->key) && !is_set(t->key_file))
		return "expected key_file or key";
	if (ca && t->client_auth == CLIENT_AUTH_NONE)
		return "client authorities, expected a client_auth_type that "
		       "asks for certificates";
	if (t->allowed_sans != NULL &&
	    t->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
	    t->client_auth != CLIENT_AUTH_REQUIRE)
		return "client_allowed_sans, expected a client_auth_type that "
		       "requires a certificate";
	if (t->min_version > t->max_version)
		return "expected a min_version not above max_version";
	if (!has_cipher(t))
		return "cipher_suites, expected one that a version up to "
		       "max_version has";
	return NULL;
}

/* As with the toolkit: TLS is on when one of these is set, whatever else. */
static bool
is_enabled(const struct web_tls *t)
{
	return is_set(t->cert) || is_set(t->cert_file) || is_set(t->key) ||
	       is_set(t->key_file) || is_set(t->client_ca) ||
	       is_set(t->client_ca_file) ||
	       t->client_auth != CLIENT_AUTH_NONE || t->allowed_sans != NULL;
}

static int
read_tls(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;
	const char *fault;

	if (tree_map(y, node, tls_keys, nitems(tls_keys), &c->tls, e) < 0)
		return -1;
	c->has_tls = is_enabled(&c->tls);
	fault = c->has_tls ? tls_fault(&c->tls) : NULL;
	return fault != NULL ? tree_error(y, node, e, "%s", fault) : 0;
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
	return tree_each_pair(y, node, read_user, c, e);
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
	const char *text;
	int given = tree_given(y, node, &text, e);
	uint64_t n;

	if (given <= 0)
		return given;
	if (parse_u64(span_of(text), &n) < 0 || n > UINT32_MAX)
		return tree_error(y, node, e, "expected a number of requests");
	*(uint64_t *)dest = n;
	return 0;
}

static int
read_rate(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_config *c = dest;

	if (tree_map(y, node, rate_keys, nitems(rate_keys), c, e) < 0)
		return -1;
	if (c->interval_us > 0 && c->burst == 0)
		return tree_error(y, node, e,
		    "an interval, expected a burst of at least 1 as well");
	return 0;
}

int
web_config_load(const char *path, struct web_config *c, struct error *e)
{
	struct tree *y = NULL;
	int r = 0;

	*c = (struct web_config){ .http2 = true };
	c->tls.min_version = TLS_VERSION_12;
	c->tls.max_version = TLS_VERSION_13;
	c->tls.prefer_server_ciphers = true;
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
	free(c->tls.cert);
	free(c->tls.cert_file);
	secret_free(c->tls.key);
	free(c->tls.key_file);
	free(c->tls.client_ca);
	free(c->tls.client_ca_file);
	list_free(c->tls.allowed_sans);
	list_free(c->tls.ciphers);
	list_free(c->tls.curves);
	list_free(c->open_paths);
	for (size_t i = 0; i < c->headers_len; i++)
		free(c->headers[i].value);
	for (size_t i = 0; i < c->users_len; i++) {
		free(c->users[i].name);
		free(c->users[i].hash);
	}
	free(c->users);
	*c = (struct web_config){ 0 };
}
