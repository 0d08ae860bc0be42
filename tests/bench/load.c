/*
 * load CLIENTS REQUESTS KIND:PORT...
 *
 * Asks each server on 127.0.0.1 about REQUESTS times over CLIENTS persistent
 * connections; a client asks again as soon as it has its answer. The servers
 * take turns, burst by burst, so that whatever else the machine does hits all
 * alike. KIND is "stats" (a memcached) or "http" (an exporter). Prints a line
 * for each server:
 *
 *	requests=5000 p50_us=141.2 p99_us=190.7 per_second=6920
 *
 * Ends with a message at the first thing that goes wrong, a wrong answer
 * included: a figure from a broken run is worth nothing.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BURST 25 /* requests of each client before the next server's turn */
#define CLIENTS_MAX 16
#define SERVERS_MAX 4
#define REQUESTS_MAX 10000000
#define ANSWER_MAX 524288
#define TIMEOUT 5 /* seconds to wait for more of an answer */

struct kind {
	const char *name;
	const char *request;
	bool (*complete)(char *answer, size_t len);
	bool (*right)(const char *answer, size_t len);
};

struct client {
	const char *name; /* of its server */
	const struct kind *kind;
	int fd;
	uint64_t *took; /* nanoseconds; where the next figure goes */
	char answer[ANSWER_MAX];
};

struct server {
	struct client clients[CLIENTS_MAX];
	uint64_t *took; /* the figures of all clients */
	uint64_t busy;  /* nanoseconds that all bursts lasted */
};

/* A number from 1 to max that ends at the character `end`. */
static unsigned
number(const char *text, char end, unsigned max)
{
	char *stop;
	uintmax_t n = strtoumax(text, &stop, 10);

	if (n < 1 || n > max || *stop != end)
		errx(1, "%.20s: not a number from 1 to %u", text, max);
	return (unsigned)n;
}

static bool
ends_with(const char *answer, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(answer + len - n, end, n) == 0;
}

/* Four commands end four times; counted only when this may be the last. */
static bool
stats_complete(char *answer, size_t len)
{
	static const char end[] = "\r\nEND\r\n";
	const char *p = answer;
	int ends = 0;

	if (!ends_with(answer, len, end))
		return false;
	while ((p = memmem(p, len - (size_t)(p - answer), end, strlen(end)))) {
		ends++;
		p++;
	}
	return ends == 4;
}

static bool
stats_right(const char *answer, size_t len)
{
	return len > 5 && memcmp(answer, "STAT ", 5) == 0;
}

/* As long as the header says; without a length, to the empty chunk. */
static bool
http_complete(char *answer, size_t len)
{
	static const char field[] = "\r\nContent-Length:";
	char *end, *length;
	size_t body;

	end = memmem(answer, len, "\r\n\r\n", 4);
	if (end == NULL)
		return false;
	*end = '\0';
	length = strcasestr(answer, field);
	*end = '\r';
	if (length == NULL)
		return ends_with(answer, len, "\r\n0\r\n\r\n");
	body = number(length + strlen(field), '\r', ANSWER_MAX);
	return len >= (size_t)(end + 4 - answer) + body;
}

static bool
http_right(const char *answer, size_t len)
{
	static const char ok[] = "HTTP/1.1 200 ", down[] = "\nmemcached_up 0\n";

	return len > strlen(ok) && memcmp(answer, ok, strlen(ok)) == 0 &&
	       memmem(answer, len, down, strlen(down)) == NULL;
}

static const struct kind kinds[] = {
	{ "stats:", "stats\r\nstats settings\r\nstats slabs\r\nstats items\r\n",
	    stats_complete, stats_right },
	{ "http:", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    http_complete, http_right },
};

static uint64_t
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
client_ask(struct client *c)
{
	const struct kind *kind = c->kind;
	size_t len = 0;
	uint64_t start = now();

	if (send(c->fd, kind->request, strlen(kind->request), MSG_NOSIGNAL) < 0)
		err(1, "%s: send", c->name);
	do {
		ssize_t n = recv(c->fd, c->answer + len, ANSWER_MAX - len, 0);
		if (n == -1)
			err(1, "%s: recv", c->name);
		if (n == 0)
			errx(1, "%s: answer cut or too long", c->name);
		len += (size_t)n;
	} while (!kind->complete(c->answer, len));
	*c->took++ = now() - start;
	if (!kind->right(c->answer, len))
		errx(1, "%s: wrong answer: %.100s", c->name, c->answer);
}

static void *
client_burst(void *client)
{
	for (int i = 0; i < BURST; i++)
		client_ask(client);
	return NULL;
}

static void
client_connect(struct client *c, unsigned port)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const int on = 1;

	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd == -1 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(
		c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "127.0.0.1:%u", port);
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
			errx(1, "%s: neither stats:PORT nor http:PORT", name);
	port = number(name + strlen(kind->name), '\0', 65535);

	for (unsigned i = 0; i < clients; i++) {
		s->clients[i].name = name;
		s->clients[i].kind = kind;
		s->clients[i].took = s->took + i * asks;
		client_connect(&s->clients[i], port);
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

static int
by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of figures in order. */
static double
percentile_us(const struct server *s, size_t n, size_t percent)
{
	size_t rank = n * percent / 100;

	return (double)s->took[rank] / 1e3;
}

static void
server_report(struct server *s, size_t n)
{
	qsort(s->took, n, sizeof(*s->took), by_size);
	printf("requests=%zu p50_us=%.1f p99_us=%.1f per_second=%.0f\n", n,
	    percentile_us(s, n, 50), percentile_us(s, n, 99),
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
