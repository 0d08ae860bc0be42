/*
 * A persistent connection to a server on 127.0.0.1, with its code, since the
 * programs here are compiled from one source each. Whatever goes wrong ends the
 * program with a message: a figure from a broken run is worth nothing.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <err.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>

#define ANSWER_MAX 524288
#define PORT_MAX 65535
#define TIMEOUT 5 /* seconds to wait for more of an answer */

#define HTTP_LAST_CHUNK "\r\n0\r\n\r\n"

#define STATS_REQUEST                                                          \
	"stats\r\nstats settings\r\nstats slabs\r\nstats items\r\n"

struct connection {
	const char *name; /* of the server */
	const char *request;
	bool (*complete)(char *answer, size_t len);
	int fd;
	/* instead of send and recv with the socket; NULL: these */
	ssize_t (*put)(struct connection *c, const char *p, size_t len);
	ssize_t (*get)(struct connection *c, char *p, size_t len);
	void *tls; /* theirs */
	char answer[ANSWER_MAX];
};

/* A number from 1 to max that ends at the character `end`. */
static inline unsigned
number(const char *text, char end, unsigned max)
{
	char *stop;
	uintmax_t n = strtoumax(text, &stop, 10);

	if (n < 1 || n > max || *stop != end)
		errx(1, "%.20s: not a number from 1 to %u", text, max);
	return (unsigned)n;
}

static inline bool
ends_with(const char *answer, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(answer + len - n, end, n) == 0;
}

/* Four commands end four times; counted only when this may be the last. */
static inline bool
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

/*
 * The size of a whole HTTP answer, whose header has come; 0 when the header
 * does not say, and the answer ends with HTTP_LAST_CHUNK.
 */
static inline size_t
http_size(char *answer, size_t len)
{
	static const char field[] = "\r\nContent-Length:";
	char *end = memmem(answer, len, "\r\n\r\n", 4), *length;

	if (end == NULL)
		errx(1, "no header: %.100s", answer);
	*end = '\0';
	length = strcasestr(answer, field);
	*end = '\r';
	if (length == NULL)
		return 0;
	return (size_t)(end + 4 - answer) +
	       number(length + strlen(field), '\r', ANSWER_MAX);
}

/* A socket for the port, with `use` (bind or connect) already done. */
static inline int
loopback_socket(typeof(bind) *use, unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    use(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "127.0.0.1:%u", port);
	return fd;
}

static inline void
connection_open(struct connection *c, unsigned port)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT };

	c->fd = loopback_socket(connect, port);
	if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
		sizeof(timeout)) == -1)
		err(1, "%s: setsockopt", c->name);
}

static inline ssize_t
connection_put(struct connection *c, const char *p, size_t len)
{
	if (c->put != NULL)
		return c->put(c, p, len);
	return send(c->fd, p, len, MSG_NOSIGNAL);
}

static inline ssize_t
connection_get(struct connection *c, char *p, size_t len)
{
	return c->get != NULL ? c->get(c, p, len) : recv(c->fd, p, len, 0);
}

/* Returns the length of the answer. */
static inline size_t
connection_ask(struct connection *c)
{
	size_t len = 0;

	if (connection_put(c, c->request, strlen(c->request)) == -1)
		err(1, "%s: send", c->name);
	do {
		ssize_t n =
		    connection_get(c, c->answer + len, ANSWER_MAX - len);
		if (n == -1)
			err(1, "%s: recv", c->name);
		if (n == 0)
			errx(1, "%s: answer cut or too long", c->name);
		len += (size_t)n;
	} while (!c->complete(c->answer, len));
	return len;
}

#endif
