/*
 * load CLIENTS REQUESTS KIND:PORT...
 *
 * Asks each server on 127.0.0.1 about REQUESTS times over CLIENTS persistent
 * connections; a client asks again as soon as it has its answer. The servers
 * take turns, burst by burst, so that whatever else the machine does hits all
 * alike. KIND is "stats" (a memcached), "http" (an exporter or relay),
 * "openmetrics" or "gzip" (an exporter that shall answer so), "https", or
 * "auth" (one that wants a user, who is a:pw).
 * Prints a line for each server:
 *
 *	requests=5000 p50_us=141.2 p99_us=190.7 per_second=6920
 *
 * A wrong answer ends it, as does whatever else goes wrong.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include "connection.h"
#include "figures.h"

#define BURST 25 /* requests of each client before the next server's turn */
#define CLIENTS_MAX 16
#define SERVERS_MAX 4
#define REQUESTS_MAX 10000000

#define GET "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"

struct kind {
	const char *name;
	const char *request;
	bool (*complete)(char *answer, size_t len);
	bool (*right)(const char *answer, size_t len);
	bool tls;
};

struct client {
	struct connection connection;
	bool (*right)(const char *answer, size_t len);
	uint64_t *took; /* nanoseconds; where the next figure goes */
};

struct server {
	struct client clients[CLIENTS_MAX];
	uint64_t *took; /* the figures of all clients */
	uint64_t busy;  /* nanoseconds that all bursts lasted */
};

static bool
stats_right(const char *answer, size_t len)
{
	return len > 5 && memcmp(answer, "STAT ", 5) == 0;
}

static bool
http_complete(char *answer, size_t len)
{
	size_t size;

	if (memmem(answer, len, "\r\n\r\n", 4) == NULL)
		return false;
	size = http_size(answer, len);
	return size > 0 ? len >= size : ends_with(answer, len, HTTP_LAST_CHUNK);
}

static bool
http_right(const char *answer, size_t len)
{
	static const char ok[] = "HTTP/1.1 200 ", down[] = "\nmemcached_up 0\n";

	return len > strlen(ok) && memcmp(answer, ok, strlen(ok)) == 0 &&
	       memmem(answer, len, down, strlen(down)) == NULL;
}

static bool
openmetrics_right(const char *answer, size_t len)
{
	return http_right(answer, len) && ends_with(answer, len, "\n# EOF\n");
}

static bool
gzip_right(const char *answer, size_t len)
{
	static const char header[] = "\r\nContent-Encoding: gzip\r\n";

	return http_right(answer, len) &&
	       memmem(answer, len, header, strlen(header)) != NULL;
}

static ssize_t
tls_put(struct connection *c, const char *p, size_t len)
{
	return SSL_write(c->tls, p, (int)len);
}

static ssize_t
tls_get(struct connection *c, char *p, size_t len)
{
	return SSL_read(c->tls, p, (int)len);
}

static void
tls_open(struct connection *c)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;

	if (ssl == NULL || SSL_set_fd(ssl, c->fd) != 1 || SSL_connect(ssl) != 1)
		errx(1, "%s: no TLS", c->name);
	SSL_CTX_free(ctx);
	c->tls = ssl;
	c->put = tls_put;
	c->get = tls_get;
}

static const struct kind kinds[] = {
	{ "stats:", STATS_REQUEST, stats_complete, stats_right, false },
	{ "http:", GET "\r\n", http_complete, http_right, false },
	{ "openmetrics:", GET "Accept: application/openmetrics-text\r\n\r\n",
	    http_complete, openmetrics_right, false },
	{ "gzip:", GET "Accept-Encoding: gzip\r\n\r\n", http_complete,
	    gzip_right, false },
	{ "https:", GET "\r\n", http_complete, http_right, true },
	{ "auth:", GET "Authorization: Basic YTpwdw==\r\n\r\n", http_complete,
	    http_right, false },
};

static void *
client_burst(void *client)
{
	struct client *c = client;
	struct connection *con = &c->connection;

	for (int i = 0; i < BURST; i++) {
		uint64_t start = now();
		size_t len = connection_ask(con);
		*c->took++ = now() - start;
		if (!c->right(con->answer, len))
			errx(1, "%s: wrong: %.100s", con->name, con->answer);
	}
	return NULL;
}

/* Each client writes its figures, `asks` of them, to its own part of took. */
static void
server_connect(
    struct server *s, const char *name, unsigned clients, size_t asks)
{
	const struct kind *kind = kinds;
	unsigned port;

	while (strncmp(name, kind->name, strlen(kind->name)) != 0)
		if (++kind == kinds + sizeof(kinds) / sizeof(kinds[0]))
			errx(1, "%s: no KIND:PORT", name);
	port = number(name + strlen(kind->name), '\0', PORT_MAX);

	for (unsigned i = 0; i < clients; i++) {
		struct client *c = &s->clients[i];
		c->connection.name = name;
		c->connection.request = kind->request;
		c->connection.complete = kind->complete;
		c->right = kind->right;
		c->took = s->took + i * asks;
		connection_open(&c->connection, port);
		if (kind->tls)
			tls_open(&c->connection);
	}
}

/* The first client needs no thread: one alone is measured without any. */
static void
server_burst(struct server *s, unsigned clients)
{
	pthread_t threads[CLIENTS_MAX];
	uint64_t start = now();

	for (unsigned i = 1; i < clients; i++) {
		errno = pthread_create(
		    &threads[i], NULL, client_burst, &s->clients[i]);
		if (errno != 0)
			err(1, "pthread_create");
	}
	client_burst(&s->clients[0]);
	for (unsigned i = 1; i < clients; i++)
		(void)pthread_join(threads[i], NULL);
	s->busy += now() - start;
}

static void
server_report(struct server *s, size_t n)
{
	printf("requests=%zu p50_us=%.1f p99_us=%.1f per_second=%.0f\n", n,
	    percentile_us(s->took, n, 50), percentile_us(s->took, n, 99),
	    (double)n * 1e9 / (double)s->busy);
}

int
main(int argc, char *argv[])
{
	static struct server servers[SERVERS_MAX];
	unsigned clients, bursts;
	uint64_t *took;
	size_t asks;
	int n = argc - 3;

	if (n < 1 || n > SERVERS_MAX)
		errx(1, "usage: load CLIENTS REQUESTS KIND:PORT...");
	clients = number(argv[1], '\0', CLIENTS_MAX);
	bursts = number(argv[2], '\0', REQUESTS_MAX) / (clients * BURST) + 1;
	asks = (size_t)bursts * BURST;
	took = calloc((size_t)n * clients * asks, sizeof(*took));
	if (took == NULL)
		err(1, NULL);

	for (int i = 0; i < n; i++) {
		servers[i].took = took + (size_t)i * clients * asks;
		server_connect(&servers[i], argv[3 + i], clients, asks);
	}
	for (unsigned b = 0; b < bursts; b++)
		for (int i = 0; i < n; i++)
			server_burst(&servers[i], clients);
	for (int i = 0; i < n; i++)
		server_report(&servers[i], clients * asks);
	free(took);
	return 0;
}
