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

#include "base/address.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/tls_limits.h"
#include "http/tls_context.h"
#include "http/tls_policy.h"

/* Bytes of plain text that a record has at most (RFC 8446, section 5.1). */
#define RECORD_BYTES_MAX 16384

/* Reads of what a client has sent that is turned away. */
#define UNREAD_TURNS_MAX 16

struct server_tls {
	SSL_CTX *ctx;
};

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

/* What OpenSSL's words leave open of a client's certificate. */
static const char *
verdict_words(long verdict)
{
	if (verdict == X509_V_OK)
		return "";
	if (verdict == X509_V_ERR_CERT_REJECTED)
		return "none of its names is in client_allowed_sans";
	return X509_verify_cert_error_string(verdict);
}

static void
log_failure(const char *msg, const struct endpoint *client, const char *err)
{
	char text[ADDRESS_TEXT_MAX] = "?";

	if (client->len > 0)
		endpoint_text(client, text);
	log_debug(msg, "client", text, "err", err);
}

static void
log_handshake(const SSL *ssl, const struct endpoint *client, unsigned long code)
{
	const char *fault = tls_limits_fault(ssl);
	const char *verdict = verdict_words(SSL_get_verify_result(ssl));
	struct error why;

	if (fault != NULL)
		(void)error_set(&why, "%s", fault);
	else
		(void)error_set(&why, "%s%s%s",
		    openssl_words(code, "no reason given"),
		    verdict[0] != '\0' ? ": " : "", verdict);
	log_failure("TLS handshake failed", client, why.text);
}

/*
 * Ends a connection whose last record is an alert. To close a socket with
 * unread input would reset the connection, and the client might lose the
 * alert; so the input is read first.
 */
static void
part(int fd)
{
	char unread[4096];
	ssize_t n;
	int turns = 0;

	do {
		n = recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
	} while (n == (ssize_t)sizeof(unread) && ++turns < UNREAD_TURNS_MAX);
	(void)shutdown(fd, SHUT_WR);
}

/*
 * Keeps the client's address when a handshake begins, and logs why one fails:
 * the client gets only an alert. Without an OpenSSL error the client was too
 * slow or hung up, which is not logged.
 */
static void
on_state(const SSL *ssl, int where, int result)
{
	struct endpoint *client = SSL_get_ex_data(ssl, client_index());
	unsigned long code = ERR_peek_error();

	if (where == SSL_CB_HANDSHAKE_START) {
		/* once it has been reset, it is forgotten */
		client->len = sizeof(client->sa);
		if (getpeername(SSL_get_fd(ssl), (struct sockaddr *)&client->sa,
			&client->len) < 0)
			client->len = 0;
	} else if (where == SSL_CB_ACCEPT_EXIT && result <= 0 && code != 0) {
		log_handshake(ssl, client, code);
		part(SSL_get_fd(ssl));
	}
}

struct server_tls *
server_tls_new(const struct web_tls *config, struct error *e)
{
	SSL_CTX *ctx = tls_context_new(config, e);
	struct server_tls *tls;

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_info_callback(ctx, on_state);
	tls = xcalloc(1, sizeof(*tls));
	tls->ctx = ctx;
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

bool
server_tls_holds(const struct server_tls *tls, struct bufferevent *bev)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);

	return ssl == NULL || tls_policy_holds(ssl, tls->ctx);
}

void
server_tls_failed(struct bufferevent *bev)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);

	/* one in a handshake has been told of */
	if (ssl != NULL && SSL_is_init_finished(ssl) &&
	    tls_limits_fault(ssl) != NULL)
		log_failure("TLS connection closed",
		    SSL_get_ex_data(ssl, client_index()),
		    tls_limits_fault(ssl));
}

void
server_tls_say_end(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (ssl == NULL || SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN ||
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0)
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
server_tls_write(struct bufferevent *bev, size_t max)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	SSL *ssl = bufferevent_openssl_get_ssl(bev);
	size_t len, part, written = 0;
	int n = 1;

	set_cork(bev, true);
	while (n > 0 && written < max && (len = evbuffer_get_length(out)) > 0) {
		part = len < RECORD_BYTES_MAX ? len : RECORD_BYTES_MAX;
		ERR_clear_error();
		/* the header shares a record with the body's beginning */
		n = SSL_write(
		    ssl, evbuffer_pullup(out, (ev_ssize_t)part), (int)part);
		if (n > 0) {
			(void)evbuffer_drain(out, (size_t)n);
			written += (size_t)n;
		}
	}
	set_cork(bev, false);
}
