#include "http/tls_context.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "base/tls_limits.h"
#include "config/web_list.h"
#include "config/web_tls.h"
#include "http/tls_policy.h"

/* Of cipher and curve names. */
#define NAMES_BYTES_MAX 4096

/* Sessions are resumed by those alone that are served here. */
#define SESSION_CONTEXT "memcached_exporter"

/* All of TLS 1.3, as Go has them: the fastest first, which is strong enough. */
#define SUITES                                                                 \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"

#define PROTOCOLS "\x08http/1.1\x08http/1.0"

static const int versions[] = {
	[TLS_VERSION_10] = TLS1_VERSION,
	[TLS_VERSION_11] = TLS1_1_VERSION,
	[TLS_VERSION_12] = TLS1_2_VERSION,
	[TLS_VERSION_13] = TLS1_3_VERSION,
};
_Static_assert(nitems(versions) == TLS_VERSIONS, "a number for each");

/* -1 with OpenSSL's words behind the key. */
static int
fail(struct error *e, const char *key)
{
	unsigned long code = ERR_peek_error();

	ERR_clear_error();
	return error_because(e, REASON_TLS, "%s: %s", key,
	    openssl_words(code, "not as OpenSSL has it"));
}

static int
set_ciphers(SSL_CTX *ctx, const struct web_tls *c, struct error *e)
{
	struct buf names;
	bool only_tls13;
	int r = 1;

	buf_init(&names, NAMES_BYTES_MAX);
	for (size_t i = 0; c->ciphers != NULL && i < c->ciphers->len; i++) {
		const char *name = c->ciphers->names[i];

		/* those are not for choosing */
		if (web_cipher_version(name) == TLS_VERSION_13)
			continue;
		buf_add_str(&names, OPENSSL_cipher_name(name));
		buf_add_char(&names, ':');
	}
	if (c->ciphers == NULL)
		buf_add_str(&names, "DEFAULT");
	/* nothing for another version, and OpenSSL takes no empty list */
	only_tls13 = names.len == 0;
	/* old versions need what the system's own level forbids */
	if (c->min_version < TLS_VERSION_12)
		buf_add_str(&names, ":@SECLEVEL=0");
	buf_add_char(&names, '\0');
	if (only_tls13)
		(void)SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	else
		r = SSL_CTX_set_cipher_list(ctx, names.p);
	if (r == 1)
		r = SSL_CTX_set_ciphersuites(ctx, SUITES);
	if (names.full || r != 1)
		r = fail(e, "cipher_suites");
	buf_release(&names);
	return r < 0 ? -1 : 0;
}

static int
set_curves(SSL_CTX *ctx, const struct web_tls *c, struct error *e)
{
	struct buf names;
	int r;

	if (c->curves == NULL)
		return 0;
	buf_init(&names, NAMES_BYTES_MAX);
	for (size_t i = 0; i < c->curves->len; i++) {
		buf_add_str(&names, i > 0 ? ":" : "");
		buf_add_str(&names, c->curves->names[i]);
	}
	buf_add_char(&names, '\0');
	r = names.full || SSL_CTX_set1_groups_list(ctx, names.p) != 1
		? fail(e, "curve_preferences")
		: 0;
	buf_release(&names);
	return r;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	unsigned char *chosen;
	int r = SSL_select_next_proto(&chosen, out_len,
	    (const unsigned char *)PROTOCOLS, strlen(PROTOCOLS), in, in_len);

	(void)ssl;
	(void)arg;
	*out = chosen;
	return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
					   : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int
load_files(SSL_CTX *ctx, const struct web_tls *c, struct error *e)
{
	struct pem cert = { "certificate", c->cert, c->cert_file };
	struct pem key = { "key", c->key, c->key_file };
	struct pem ca = { "client authorities", c->client_ca,
		c->client_ca_file };

	if (openssl_load_chain(ctx, &cert, e) < 0 ||
	    openssl_load_key(ctx, &key, e) < 0)
		return -1;
	if (is_set(ca.text) || is_set(ca.file))
		return openssl_load_authorities(ctx, &ca, e);
	if (c->client_auth >= CLIENT_AUTH_VERIFY_IF_GIVEN)
		(void)SSL_CTX_set_default_verify_paths(ctx);
	return 0;
}

static int
set_up(SSL_CTX *ctx, const struct web_tls *c, struct error *e)
{
	uint64_t options =
	    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_PRIORITIZE_CHACHA;

	if (c->prefer_server_ciphers)
		options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
	(void)SSL_CTX_set_options(ctx, options);
	/* an openssl.cnf may want it, but nothing here has been tried with it */
	(void)SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_KTLS);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_min_proto_version(ctx, versions[c->min_version]);
	(void)SSL_CTX_set_max_proto_version(ctx, versions[c->max_version]);
	(void)SSL_CTX_set_session_id_context(ctx,
	    (const unsigned char *)SESSION_CONTEXT, strlen(SESSION_CONTEXT));
	/* tickets remember sessions, at no cost here */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	tls_limits_set(ctx);
	tls_policy_set(ctx, c);
	if (set_ciphers(ctx, c, e) < 0 || set_curves(ctx, c, e) < 0)
		return -1;
	return load_files(ctx, c, e);
}

SSL_CTX *
tls_context_new(const struct web_tls *config, struct error *e)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = xnonnull(SSL_CTX_new(TLS_server_method()));
	if (set_up(ctx, config, e) == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}
