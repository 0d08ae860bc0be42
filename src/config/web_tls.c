#include "config/web_tls.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/span.h"
#include "config/secret.h"
#include "config/tree.h"
#include "config/tree_value.h"
#include "config/web_list.h"

#define TLS_FIELD(name) offsetof(struct web_tls, name)

static tree_read_fn read_client_auth, read_sans, read_version, read_ciphers,
    read_curves;

static const struct tree_key tls_keys[] = {
	{ "cert", tree_read_string, TLS_FIELD(cert) },
	{ "key", tree_read_string, TLS_FIELD(key) },
	{ "client_ca", tree_read_string, TLS_FIELD(client_ca) },
	{ "cert_file", tree_read_path, TLS_FIELD(cert_file) },
	{ "key_file", tree_read_path, TLS_FIELD(key_file) },
	{ "client_ca_file", tree_read_path, TLS_FIELD(client_ca_file) },
	{ "client_auth_type", read_client_auth, TLS_FIELD(client_auth) },
	{ "client_allowed_sans", read_sans, TLS_FIELD(allowed_sans) },
	{ "min_version", read_version, TLS_FIELD(min_version) },
	{ "max_version", read_version, TLS_FIELD(max_version) },
	{ "cipher_suites", read_ciphers, TLS_FIELD(ciphers) },
	{ "prefer_server_cipher_suites", tree_read_switch,
	    TLS_FIELD(prefer_server_ciphers) },
	{ "curve_preferences", read_curves, TLS_FIELD(curves) },
};

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

/* What keeps others out cannot be nothing. */
static int
read_sans(struct tree *y, yaml_node_t *node, void *dest, struct error *e)
{
	struct web_list **list = dest;

	if (web_list_read(y, node, list, e) < 0)
		return -1;
	if (*list == NULL)
		return tree_error(y, node, e,
		    "client_allowed_sans, expected at least one name");
	return 0;
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
	static const struct web_list_words words = { cipher_name, "cipher",
		"a name such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" };

	return web_list_read_known(y, node, dest, &words, e);
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
	static const struct web_list_words words = { curve_name, "curve",
		"one of CurveP256, CurveP384, CurveP521, X25519" };

	return web_list_read_known(y, node, dest, &words, e);
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
		if (strcmp(text, tls_version_names[i]) == 0) {
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

static bool
has_two_certs(const struct web_tls *t)
{
	return is_set(t->cert) && is_set(t->cert_file);
}

static bool
has_two_keys(const struct web_tls *t)
{
	return is_set(t->key) && is_set(t->key_file);
}

static bool
has_two_authorities(const struct web_tls *t)
{
	return is_set(t->client_ca) && is_set(t->client_ca_file);
}

static bool
has_no_cert(const struct web_tls *t)
{
	return !is_set(t->cert) && !is_set(t->cert_file);
}

static bool
has_no_key(const struct web_tls *t)
{
	return !is_set(t->key) && !is_set(t->key_file);
}

static bool
has_idle_authorities(const struct web_tls *t)
{
	return (is_set(t->client_ca) || is_set(t->client_ca_file)) &&
	       t->client_auth == CLIENT_AUTH_NONE;
}

static bool
has_idle_sans(const struct web_tls *t)
{
	return t->allowed_sans != NULL && t->client_auth == CLIENT_AUTH_NONE;
}

static bool
has_no_version(const struct web_tls *t)
{
	return t->min_version > t->max_version;
}

static bool
has_no_cipher(const struct web_tls *t)
{
	return !has_cipher(t);
}

/* What no key alone can know of. The last of the keys is the place. */
static const struct {
	bool (*is_broken)(const struct web_tls *t);
	const char *keys[3]; /* NULL: the mapping as a whole */
	const char *words;
} rules[] = {
	{ has_two_certs, { "cert", "cert_file" },
	    "cert and cert_file, expected one of them" },
	{ has_two_keys, { "key", "key_file" },
	    "key and key_file, expected one of them" },
	{ has_two_authorities, { "client_ca", "client_ca_file" },
	    "client_ca and client_ca_file, expected one of them" },
	{ has_no_cert, { NULL }, "expected cert_file or cert" },
	{ has_no_key, { NULL }, "expected key_file or key" },
	{ has_idle_authorities,
	    { "client_ca", "client_ca_file", "client_auth_type" },
	    "client_ca or client_ca_file, expected a client_auth_type that "
	    "asks for certificates" },
	{ has_idle_sans, { "client_allowed_sans", "client_auth_type" },
	    "client_allowed_sans, expected a client_auth_type that asks for "
	    "certificates" },
	{ has_no_version, { "min_version", "max_version" },
	    "expected a min_version not above max_version" },
	{ has_no_cipher, { "cipher_suites", "max_version" },
	    "cipher_suites, expected one that a version up to max_version "
	    "has" },
};

bool
web_tls_is_on(const struct web_tls *t)
{
	return is_set(t->cert) || is_set(t->cert_file) || is_set(t->key) ||
	       is_set(t->key_file) || is_set(t->client_ca) ||
	       is_set(t->client_ca_file) ||
	       t->client_auth != CLIENT_AUTH_NONE || t->allowed_sans != NULL;
}

void
web_tls_init(struct web_tls *t)
{
	*t = (struct web_tls){ .min_version = TLS_VERSION_12,
		.max_version = TLS_VERSION_13,
		.prefer_server_ciphers = true };
}

int
web_tls_read(
    struct tree *y, yaml_node_t *node, struct web_tls *t, struct error *e)
{
	if (tree_map(y, node, tls_keys, nitems(tls_keys), t, e) < 0)
		return -1;
	if (!web_tls_is_on(t))
		return 0;
	for (size_t i = 0; i < nitems(rules); i++) {
		const char *const *keys = rules[i].keys;

		if (rules[i].is_broken(t))
			return tree_error(y,
			    tree_last(y, node, keys, nitems(rules[i].keys)), e,
			    "%s", rules[i].words);
	}
	return 0;
}

void
web_tls_free(struct web_tls *t)
{
	free(t->cert);
	free(t->cert_file);
	secret_free(t->key);
	free(t->key_file);
	free(t->client_ca);
	free(t->client_ca_file);
	web_list_free(t->allowed_sans);
	web_list_free(t->ciphers);
	web_list_free(t->curves);
}
