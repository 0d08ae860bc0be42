/*
 * sweep PORT PID FLEET_PORT ROUNDS TARGETS [SILENT]
 *
 * Asks an exporter, the process PID, about all TARGETS of a fleet at once,
 * each over a persistent connection of its own, and when all have answered
 * again, ROUNDS times. SILENT of the targets, spread among them, are such as
 * never answer. A round before, in which the exporter connects to them, does
 * not count. Prints
 *
 *	us=83107.5 p99_us=82501.3 cpu_us=148.2 up=500
 *
 * which is how long a round takes (the median), how long a target that
 * answers takes, the exporter's CPU time for a target, and how many were up
 * in the worst round.
 */
#include <sys/epoll.h>

#include <errno.h>
#include <stdio.h>

#include "connection.h"
#include "figures.h"

#define EVENTS_MAX 64
#define KEPT 16 /* bytes: what is looked for may begin in the piece before */
#define PIECE_MAX 65536
#define PID_MAX 4194304
#define ROUNDS_MAX 100000
#define TARGETS_MAX 16384

struct client {
	int fd;
	bool silent;
	bool up;
	size_t len;  /* of the answer, as far as it has come */
	size_t size; /* of all of it; 0: it ends with an empty chunk */
	char last[KEPT];
};

struct sweep {
	struct client clients[TARGETS_MAX];
	unsigned targets, silent, fleet_port;
	int epoll;
	uint64_t *took; /* by those that answer; where the next figure goes */
};

static void
client_ask(struct client *c, unsigned i, unsigned fleet_port)
{
	char request[128];
	int len = snprintf(request, sizeof(request),
	    "GET /scrape?target=127.%d.%u.%u:%u HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n",
	    c->silent ? 2 : 1, i / 256, i % 256, fleet_port);

	*c = (struct client){ .fd = c->fd, .silent = c->silent };
	if (send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		err(1, "send");
}

/* Returns whether the answer is complete. */
static bool
client_read(struct client *c)
{
	static const char up[] = "\nmemcached_up 1\n";
	static char piece[KEPT + PIECE_MAX];
	ssize_t got = recv(c->fd, piece + KEPT, PIECE_MAX, 0);
	size_t n = (size_t)got;

	if (got <= 0)
		err(1, "an answer was cut");
	if (c->len == 0)
		c->size = http_size(piece + KEPT, n);
	c->len += n;
	memcpy(piece, c->last, KEPT);
	memcpy(c->last, piece + n, KEPT);
	if (memmem(piece, KEPT + n, up, strlen(up)) != NULL)
		c->up = true;
	return c->size > 0 ? c->len >= c->size
			   : ends_with(piece, KEPT + n, HTTP_LAST_CHUNK);
}

/* Returns how many were up. */
static unsigned
sweep_round(struct sweep *s)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t start = now();
	unsigned up = 0;
	int n;

	for (unsigned i = 0; i < s->targets; i++)
		client_ask(&s->clients[i], i, s->fleet_port);
	for (unsigned left = s->targets; left > 0;) {
		n = epoll_wait(s->epoll, events, EVENTS_MAX, TIMEOUT * 1000);
		if (n <= 0)
			err(1, "%u answers are missing", left);
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (!client_read(c))
				continue;
			left--;
			up += c->up;
			if (!c->silent)
				*s->took++ = now() - start;
		}
	}
	return up;
}

static void
sweep_connect(struct sweep *s, unsigned port)
{
	s->epoll = epoll_create1(0);
	for (unsigned i = 0; i < s->targets; i++) {
		struct client *c = &s->clients[i];
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

		c->fd = loopback_socket(connect, port);
		c->silent = i * s->silent % s->targets < s->silent;
		if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &ev) == -1)
			err(1, "epoll_ctl");
	}
}

int
main(int argc, char *argv[])
{
	static struct sweep s;
	uint64_t *took, *rounds, cpu;
	unsigned n, up = TARGETS_MAX;
	clockid_t clock;

	if (argc != 6 && argc != 7)
		errx(1, "usage: sweep PORT PID FLEET_PORT ROUNDS TARGETS "
			"[SILENT]");
	errno =
	    clock_getcpuclockid((pid_t)number(argv[2], '\0', PID_MAX), &clock);
	if (errno != 0)
		err(1, "process %s", argv[2]);
	s.fleet_port = number(argv[3], '\0', PORT_MAX);
	n = number(argv[4], '\0', ROUNDS_MAX);
	s.targets = number(argv[5], '\0', TARGETS_MAX);
	s.silent = argc == 7 ? number(argv[6], '\0', s.targets - 1) : 0;
	took = calloc((size_t)n * s.targets, sizeof(*took));
	rounds = calloc(n, sizeof(*rounds));
	if (took == NULL || rounds == NULL)
		err(1, NULL);

	sweep_connect(&s, number(argv[1], '\0', PORT_MAX));
	s.took = took;
	(void)sweep_round(&s);
	s.took = took;
	cpu = clock_ns(clock);
	for (unsigned i = 0; i < n; i++) {
		uint64_t start = now();
		unsigned u = sweep_round(&s);

		rounds[i] = now() - start;
		up = u < up ? u : up;
	}
	cpu = clock_ns(clock) - cpu;
	printf("us=%.1f p99_us=%.1f cpu_us=%.1f up=%u\n",
	    percentile_us(rounds, n, 50),
	    percentile_us(took, (size_t)(s.took - took), 99),
	    (double)cpu / 1e3 / n / s.targets, up);
	free(rounds);
	free(took);
	return 0;
}
