#include "healthcheck.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/options.h"
#include "config/web.h"

#define PORT_TEXT_MAX 12

/* Of an answer's beginning, which has the status. */
#define ANSWER_MAX 512

static const char request[] = "GET /-/healthy HTTP/1.1\r\n"
			      "Host: localhost\r\n"
			      "Connection: close\r\n\r\n";

/* Statuses of a program that works. */
static const char *const good[] = { "200", "401", "429" };

static int
try_connect(const struct sockaddr *sa, socklen_t len)
{
	struct timeval limit = { HEALTHCHECK_SECONDS, 0 };
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, sa, len) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Each address of a name; without one, those of this machine. */
static int
connect_name(const struct address *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *ai;
	char port[PORT_TEXT_MAX];
	int fd = -1;

	(void)snprintf(port, sizeof(port), "%u", a->port);
	if (getaddrinfo(a->host[0] != '\0' ? a->host : NULL, port, &hints,
		&found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	for (ai = found; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = try_connect(ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(found);
	return fd;
}

/* What listens on any address listens on that of this machine. */
static int
connect_address(const struct address *a)
{
	struct endpoint ep;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ep.sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ep.sa;

	if (!address_endpoint(a, &ep))
		return connect_name(a);
	if (ep.sa.ss_family == AF_INET && v4->sin_addr.s_addr == INADDR_ANY)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (ep.sa.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
		v6->sin6_addr = in6addr_loopback;
	return try_connect((const struct sockaddr *)&ep.sa, ep.len);
}

/* "HTTP/1.1 200 OK" */
static int
judge(const char *answer, struct error *e)
{
	const char *status = strchr(answer, ' ');

	if (strncmp(answer, "HTTP/1.", 7) != 0 || status == NULL)
		return error_set(e, "what answers there is no HTTP server");
	for (size_t i = 0; i < nitems(good); i++) {
		if (strncmp(status + 1, good[i], strlen(good[i])) == 0)
			return 0;
	}
	return error_set(e, "/-/healthy has status %.3s", status + 1);
}

static int
no_answer(struct error *e)
{
	if (errno == EAGAIN)
		return error_set(
		    e, "no answer within %d seconds", HEALTHCHECK_SECONDS);
	return error_set(e, "the connection was closed without an answer");
}

static int
ask_plain(int fd, struct error *e)
{
	char answer[ANSWER_MAX + 1];
	ssize_t n = send(fd, request, strlen(request), MSG_NOSIGNAL);

	errno = 0;
	if (n > 0)
		n = recv(fd, answer, ANSWER_MAX, 0);
	if (n <= 0)
		return no_answer(e);
	answer[n] = '\0';
	return judge(answer, e);
}

/* The other side has said why it ends the connection. */
static bool
was_alerted(void)
{
	unsigned long code = ERR_peek_error();

	return ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
}

static int
ask_securely(SSL *ssl, bool is_admitted, struct error *e)
{
	char answer[ANSWER_MAX + 1];
	int n = -1;

	errno = 0;
	if (SSL_connect(ssl) != 1)
		return was_alerted() ? 0 : no_answer(e);
	if (!is_admitted)
		return 0;
	if (SSL_write(ssl, request, (int)strlen(request)) > 0)
		n = SSL_read(ssl, answer, ANSWER_MAX);
	if (n <= 0)
		return no_answer(e);
	answer[n] = '\0';
	return judge(answer, e);
}

/*
 * Whose certificate it is does not matter: the connection is to ourselves.
 * Where clients need one, the handshake is all that there is to see.
 */
static int
ask_tls(int fd, const struct web_tls *tls, struct error *e)
{
	bool is_admitted = tls->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
			   tls->client_auth != CLIENT_AUTH_REQUIRE;
	SSL_CTX *ctx = xnonnull(SSL_CTX_new(TLS_client_method()));
	SSL *ssl = xnonnull(SSL_new(ctx));
	int r;

	ERR_clear_error();
	(void)SSL_set_fd(ssl, fd);
	r = ask_securely(ssl, is_admitted, e);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return r;
}

static int
check(const struct options *o, const struct web_config *web, struct error *e)
{
	const struct address *a = &o->listen[0];
	char text[ADDRESS_TEXT_MAX];
	int fd, r;

	if (o->systemd_socket)
		return error_set(e,
		    "--healthcheck does not know where systemd listens: leave "
		    "out --web.systemd-socket and give a --web.listen-address");
	address_text(a, text);
	fd = connect_address(a);
	if (fd < 0)
		return error_set(e, "connect to %s: %s", text, strerror(errno));
	r = web->has_tls ? ask_tls(fd, &web->tls, e) : ask_plain(fd, e);
	(void)close(fd);
	return r;
}

int
healthcheck(const struct options *o, struct error *e)
{
	struct web_config web = { 0 };
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	if (o->web_config_file[0] != '\0')
		r = web_config_load(o->web_config_file, &web, e);
	if (r == 0)
		r = check(o, &web, e);
	web_config_free(&web);
	return r;
}
