#include "http/tls.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "config/web.h"

/* Bytes of plain text that a record has at most (RFC 8446, section 5.1). */
#define RECORD_BYTES_MAX 16384

/* Of cipher and curve names. */
#define NAMES_BYTES_MAX 4096

/* Sessions are resumed by those alone that are served here. */
#define SESSION_CONTEXT "memcached_exporter"

/* All of TLS 1.3, as Go has them: the fastest first, which is strong enough. */
#define SUITES                                                                 \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"

#define PROTOCOLS "\x08http/1.1\x08http/1.0"

struct server_tls {
	SSL_CTX *ctx;
};

/* What a context checks of clients, for as long as it has connections. */
struct policy {
	enum client_auth client_auth;
	bool has_sans;
	size_t sans_len;
	char *sans[];
};

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

/* Go prints addresses as inet_ntop does. */
static bool
san_is(const GENERAL_NAME *san, const char *name)
{
	const ASN1_STRING *s = NULL;
	ASN1_OCTET_STRING *ip = NULL;
	bool same;

	if (san->type == GEN_IPADD) {
		ip = a2i_IPADDRESS(name);
		ERR_clear_error();
		same = ip != NULL &&
		       ASN1_OCTET_STRING_cmp(ip, san->d.iPAddress) == 0;
		ASN1_OCTET_STRING_free(ip);
		return same;
	}
	if (san->type == GEN_DNS || san->type == GEN_EMAIL ||
	    san->type == GEN_URI)
		s = san->d.ia5;
	return s != NULL &&
	       span_is((struct span){ (const char *)ASN1_STRING_get0_data(s),
			   (size_t)ASN1_STRING_length(s) },
		   name);
}

static bool
has_allowed_san(X509 *x, const struct policy *p)
{
	GENERAL_NAMES *sans =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(sans) && !found; i++) {
		for (size_t k = 0; k < p->sans_len && !found; k++)
			found =
			    san_is(sk_GENERAL_NAME_value(sans, i), p->sans[k]);
	}
	GENERAL_NAMES_free(sans);
	return found;
}

/* OpenSSL frees it with the context. */
static void
policy_free(void *parent, void *policy, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	struct policy *p = policy;

	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	for (size_t i = 0; p != NULL && i < p->sans_len; i++)
		free(p->sans[i]);
	free(p);
}

/* The place for it in each context, which OpenSSL gives once. */
static int
policy_index(void)
{
	static int index = -1;

	if (index < 0)
		index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, policy_free);
	return index;
}

static void
set_policy(SSL_CTX *ctx, const struct web_tls *c)
{
	size_t n = c->allowed_sans != NULL ? c->allowed_sans->len : 0;
	struct policy *p = xcalloc(1, sizeof(*p) + n * sizeof(p->sans[0]));

	p->client_auth = c->client_auth;
	p->has_sans = c->allowed_sans != NULL;
	p->sans_len = n;
	for (size_t i = 0; i < n; i++)
		p->sans[i] = xstrdup(c->allowed_sans->names[i]);
	(void)SSL_CTX_set_ex_data(ctx, policy_index(), p);
}

/* Called for each certificate of the client's chain; its own is at depth 0. */
static int
on_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct policy *p =
	    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), policy_index());

	if (p->client_auth == CLIENT_AUTH_REQUEST ||
	    p->client_auth == CLIENT_AUTH_REQUIRE_ANY)
		ok = 1;
	if (ok == 1 && p->has_sans &&
	    X509_STORE_CTX_get_error_depth(store) == 0 &&
	    !has_allowed_san(X509_STORE_CTX_get_current_cert(store), p)) {
		X509_STORE_CTX_set_error(
		    store, X509_V_ERR_APPLICATION_VERIFICATION);
		ok = 0;
	}
	return ok;
}

static void
ask_for_certificates(SSL_CTX *ctx, const struct web_tls *c)
{
	static const int modes[] = {
		[CLIENT_AUTH_NONE] = SSL_VERIFY_NONE,
		[CLIENT_AUTH_REQUEST] = SSL_VERIFY_PEER,
		[CLIENT_AUTH_REQUIRE_ANY] =
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = SSL_VERIFY_PEER,
		[CLIENT_AUTH_REQUIRE] =
		    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};
	_Static_assert(nitems(modes) == CLIENT_AUTHS, "a mode for each");

	SSL_CTX_set_verify(ctx, modes[c->client_auth],
	    c->client_auth == CLIENT_AUTH_NONE ? NULL : on_verify);
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

/* OpenSSL frees it with the connection. */
static void
client_free(void *parent, void *client, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	free(client);
}

/* The place in each connection for its client, a struct endpoint. */
static int
client_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, client_free);
	return index;
}

static void
log_failure(const SSL *ssl, const struct endpoint *client, unsigned long code)
{
	char text[ADDRESS_TEXT_MAX] = "?";
	long verdict = SSL_get_verify_result(ssl);
	struct error why;

	if (client->len > 0)
		endpoint_text(client, text);
	(void)error_set(&why, "%s%s%s", openssl_words(code, "no reason given"),
	    verdict != X509_V_OK ? ": " : "",
	    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : "");
	log_debug("TLS handshake failed", "client", text, "err", why.text);
}

/*
 * Why somebody is turned away before he can ask: he hears little of it, and
 * nobody else knows. Without an error he is only slow, or has left.
 */
static void
on_state(const SSL *ssl, int where, int result)
{
	struct endpoint *client = SSL_get_ex_data(ssl, client_index());
	unsigned long code = ERR_peek_error();

	if (where == SSL_CB_HANDSHAKE_START) {
		/* once it has been reset, nobody knows it any more */
		client->len = sizeof(client->sa);
		if (getpeername(SSL_get_fd(ssl), (struct sockaddr *)&client->sa,
			&client->len) < 0)
			client->len = 0;
	} else if (where == SSL_CB_ACCEPT_EXIT && result <= 0 && code != 0) {
		log_failure(ssl, client, code);
	}
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
	uint64_t options = SSL_OP_NO_RENEGOTIATION |
			   SSL_OP_IGNORE_UNEXPECTED_EOF |
			   SSL_OP_PRIORITIZE_CHACHA;

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
	SSL_CTX_set_info_callback(ctx, on_state);
	set_policy(ctx, c);
	ask_for_certificates(ctx, c);
	if (set_ciphers(ctx, c, e) < 0 || set_curves(ctx, c, e) < 0)
		return -1;
	return load_files(ctx, c, e);
}

struct server_tls *
server_tls_new(const struct web_tls *config, struct error *e)
{
	struct server_tls *tls = xcalloc(1, sizeof(*tls));

	ERR_clear_error();
	tls->ctx = xnonnull(SSL_CTX_new(TLS_server_method()));
	if (set_up(tls->ctx, config, e) < 0) {
		server_tls_free(tls);
		return NULL;
	}
	return tls;
}

void
server_tls_free(struct server_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls);
}

struct bufferevent *
server_tls_accept(struct server_tls *tls, struct event_base *base)
{
	SSL *ssl = xnonnull(SSL_new(tls->ctx));
	struct bufferevent *bev;

	(void)SSL_set_ex_data(
	    ssl, client_index(), xcalloc(1, sizeof(struct endpoint)));
	bev = xnonnull(bufferevent_openssl_socket_new(
	    base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE));
	/* many clients hang up without saying so in TLS */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void
server_tls_say_end(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (ssl == NULL || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	/* whatever comes of it, the connection is at its end */
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}

/*
 * A socket that is corked sends full segments alone: each record of an answer
 * would else be a segment that wakes the client. Other sockets than TCP's have
 * no such option, and do.
 */
static void
set_cork(struct bufferevent *bev, int on)
{
	(void)setsockopt(
	    bufferevent_getfd(bev), IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

void
server_tls_write(struct bufferevent *bev)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	size_t len, part;
	int n = 1;

	set_cork(bev, true);
	while (n > 0 && (len = evbuffer_get_length(out)) > 0) {
		part = len < RECORD_BYTES_MAX ? len : RECORD_BYTES_MAX;
		ERR_clear_error();
		/* the header shares a record with the body's beginning */
		n = SSL_write(
		    ssl, evbuffer_pullup(out, (ev_ssize_t)part), (int)part);
		if (n > 0)
			(void)evbuffer_drain(out, (size_t)n);
	}
	set_cork(bev, false);
}
