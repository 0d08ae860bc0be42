#include "memcached/tls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "base/tls_limits.h"
#include "config/module.h"
#include "memcached/tls_why.h"

/* When OpenSSL has none. */
#define NO_WORDS "no reason given"

struct tls {
	SSL_CTX *ctx;
	char *server_name;
	bool insecure;
};

struct tls_session {
	SSL_SESSION *session; /* NULL: none yet */
};

static int
load_files(SSL_CTX *ctx, const struct tls_settings *s,
    struct authorities *shared, struct error *e)
{
	struct pem cert = { .what = "certificate", .file = s->cert_file };
	struct pem key = { .what = "key", .file = s->key_file };

	if (authorities_trust(
		shared, is_set(s->ca_file) ? s->ca_file : "", ctx, e) < 0)
		return -1;
	if (is_set(cert.file) != is_set(key.file))
		return error_because(e, REASON_TLS,
		    "a client certificate needs both its file and its key's");
	if (!is_set(cert.file))
		return 0;
	if (openssl_load_chain(ctx, &cert, e) < 0)
		return -1;
	return openssl_load_key(ctx, &key, e);
}

/* The verdict on a server's chain, which it always shows. */
static int
on_chain(X509_STORE_CTX *store, void *arg)
{
	const struct tls *tls = arg;
	int ok;

	if (!tls_limits_chain(store))
		return 0;
	if (!tls->insecure) {
		ok = X509_verify_cert(store);
		if (ok <= 0)
			tls_why_keep(store);
		return ok;
	}
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* A session, or with TLS 1.3 a ticket, has come: the next one begins here. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_session *s = SSL_get_app_data(ssl);

	/* a copy: the connection's end, without a word, spoils its own */
	SSL_SESSION_free(s->session);
	s->session = SSL_SESSION_dup(session);
	return 0;
}

struct tls *
tls_new(const struct tls_settings *settings, struct authorities *shared,
    struct error *e)
{
	struct tls *tls = xcalloc(1, sizeof(*tls));

	tls->ctx = xnonnull(SSL_CTX_new(TLS_client_method()));
	tls->server_name =
	    xstrdup(is_set(settings->server_name) ? settings->server_name : "");
	tls->insecure = settings->insecure;
	(void)SSL_CTX_set_min_proto_version(
	    tls->ctx, settings->min_version == TLS_VERSION_13 ? TLS1_3_VERSION
							      : TLS1_2_VERSION);
	(void)SSL_CTX_set_mode(tls->ctx, SSL_MODE_RELEASE_BUFFERS);
	tls_limits_set(tls->ctx);
	/* memcached hangs up without saying so in TLS */
	(void)SSL_CTX_set_options(tls->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_session_cache_mode(
	    tls->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(tls->ctx, on_session);
	SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(tls->ctx, on_chain, tls);
	X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(tls->ctx),
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (load_files(tls->ctx, settings, shared, e) < 0) {
		tls_free(tls);
		return NULL;
	}
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls->server_name);
	free(tls);
}

/* Where OpenSSL looks: a variable names it, or else it is built in. */
static void
add_system_place(struct digest *d, const char *variable, const char *otherwise)
{
	const char *path = getenv(variable);

	digest_add_file(d, path != NULL ? path : otherwise);
}

void
tls_digest(const struct tls_settings *settings, struct digest *d)
{
	digest_add_file(d, settings->cert_file);
	digest_add_file(d, settings->key_file);
	digest_add_file(d, settings->ca_file);
	if (is_set(settings->ca_file))
		return;
	add_system_place(
	    d, X509_get_default_cert_file_env(), X509_get_default_cert_file());
	add_system_place(
	    d, X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
}

struct tls_session *
tls_session_new(void)
{
	return xcalloc(1, sizeof(struct tls_session));
}

void
tls_session_free(struct tls_session *s)
{
	if (s == NULL)
		return;
	SSL_SESSION_free(s->session);
	free(s);
}

/* A zone, as in fe80::1%eth0, is of this machine and in no certificate. */
static bool
is_numeric(
    const char *host, unsigned char bytes[sizeof(struct in6_addr)], size_t *len)
{
	char six[INET6_ADDRSTRLEN];
	size_t end = strcspn(host, "%");

	*len = sizeof(struct in_addr);
	if (inet_pton(AF_INET, host, bytes) == 1)
		return true;
	*len = sizeof(struct in6_addr);
	if (end >= sizeof(six))
		return false;
	memcpy(six, host, end);
	six[end] = '\0';
	return inet_pton(AF_INET6, six, bytes) == 1;
}

/*
 * RFC 6066: a server name is never an address. To OpenSSL an empty name means
 * that any will do.
 */
static int
set_name(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t len;
	char *name;
	bool ok;

	if (is_numeric(host, bytes, &len))
		return X509_VERIFY_PARAM_set1_ip(param, bytes, len) == 1 ? 0
									 : -1;
	name = xstrdup(host); /* the macro would cast a const away */
	ok = host[0] != '\0' && SSL_set_tlsext_host_name(ssl, name) == 1 &&
	     SSL_set1_host(ssl, host) == 1;
	free(name);
	return ok ? 0 : -1;
}

/* A session is no way around the end of a certificate of its chain. */
static bool
has_expired(const SSL *ssl)
{
	const STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const X509 *x = sk_X509_value(chain, i);

		if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
			return true;
	}
	return false;
}

/* Begins where the target's last session ended, if there is one. */
static void
resume(SSL *ssl, const struct tls *tls, struct tls_session *session)
{
	SSL_SESSION *copy;

	(void)SSL_set_app_data(ssl, session);
	if (session->session == NULL)
		return;
	copy = SSL_SESSION_dup(session->session);
	(void)SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
	if (tls->insecure || !has_expired(ssl))
		return;
	(void)SSL_set_session(ssl, NULL);
	SSL_SESSION_free(session->session);
	session->session = NULL;
}

struct bufferevent *
tls_bufferevent(struct tls *tls, struct event_base *base, int fd,
    struct tls_session *session, const char *host, struct error *e)
{
	SSL *ssl = xnonnull(SSL_new(tls->ctx));
	struct bufferevent *bev;

	if (tls->server_name[0] != '\0')
		host = tls->server_name;
	ERR_clear_error();
	if (set_name(ssl, host) < 0) {
		SSL_free(ssl);
		(void)close(fd);
		(void)error_because(e, REASON_TLS, "name to verify %s: %s",
		    host, openssl_words(ERR_get_error(), NO_WORDS));
		return NULL;
	}
	resume(ssl, tls, session);
	bev = xnonnull(bufferevent_openssl_socket_new(
	    base, fd, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE));
	/* memcached hangs up without saying so in TLS */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

void
tls_say_end(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	/* whatever comes of it, the connection is at its end */
	if (ssl != NULL)
		(void)SSL_shutdown(ssl);
	ERR_clear_error();
}

/*
 * A server that refuses the client's certificate in TLS 1.3 says so when the
 * client has sent its first bytes already, and then resets the connection: our
 * write fails while the alert waits to be read.
 */
static unsigned long
last_words(SSL *ssl)
{
	char byte;

	ERR_clear_error();
	(void)SSL_read(ssl, &byte, sizeof(byte));
	return ERR_get_error();
}

bool
tls_failure(struct bufferevent *bev, struct error *e)
{
	unsigned long code = bufferevent_get_openssl_error(bev);
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (ERR_GET_LIB(code) == 0 || ERR_SYSTEM_ERROR(code)) {
		unsigned long words = last_words(ssl);

		if (ERR_GET_LIB(words) == ERR_LIB_SSL)
			code = words;
	}

	/* libevent puts SSL_ERROR_SYSCALL here when it was the network */
	if (ERR_GET_LIB(code) == 0 && !ERR_SYSTEM_ERROR(code))
		return false;
	if (ERR_SYSTEM_ERROR(code)) {
		(void)error_because(e, reason_of_errno(ERR_GET_REASON(code)),
		    "%s", strerror(ERR_GET_REASON(code)));
		return true;
	}
	tls_why(ssl, code, e);
	return true;
}
