/*
 * fleet PORT FILE...
 *
 * A fleet of memcacheds, one at each address of 127.0.0.0/8. What an exporter
 * asks they answer with the files, one after the other; all but those in
 * 127.2.0.0/16, which accept, read and never say a word.
 */
#include <sys/epoll.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connection.h"

#define EVENTS_MAX 64
#define SILENT 0x7f02 /* of 127.2.0.0 */

static char answer[ANSWER_MAX];
static size_t answer_len;

static void
append_file(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f == NULL)
		err(1, "%s", path);
	answer_len += fread(answer + answer_len, 1, ANSWER_MAX - answer_len, f);
	if (ferror(f) || !feof(f))
		errx(1, "%s: not readable, or too long", path);
	(void)fclose(f);
}

/* For all addresses, but reached from this machine alone. */
static int
listen_on(unsigned port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sin.sin_port = htons((uint16_t)port);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, SOMAXCONN) == -1)
		err(1, "port %u", port);
	return fd;
}

static void
watch(int epoll, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
accept_all(int epoll, int listener)
{
	const int on = 1, room = ANSWER_MAX;
	int fd;

	while ((fd = accept(listener, NULL, NULL)) != -1) {
		/* An answer must fit in: nobody waits for a slow reader. */
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ==
			-1 ||
		    setsockopt(
			fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) == -1)
			err(1, "setsockopt");
		watch(epoll, fd);
	}
	if (errno != EAGAIN)
		err(1, "accept");
}

static bool
is_silent(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	return getsockname(fd, (struct sockaddr *)&sin, &len) == 0 &&
	       ntohl(sin.sin_addr.s_addr) >> 16 == SILENT;
}

/* A request is so small that it arrives in one piece. */
static void
serve(int fd)
{
	char request[sizeof(STATS_REQUEST)];
	ssize_t n = recv(fd, request, sizeof(request), 0);

	if (n != strlen(STATS_REQUEST) ||
	    memcmp(request, STATS_REQUEST, (size_t)n) != 0)
		(void)close(fd);
	else if (!is_silent(fd))
		(void)send(fd, answer, answer_len, MSG_NOSIGNAL);
}

int
main(int argc, char *argv[])
{
	struct epoll_event events[EVENTS_MAX];
	int epoll = epoll_create1(0), listener, n;

	if (argc < 3)
		errx(1, "usage: fleet PORT FILE...");
	for (int i = 2; i < argc; i++)
		append_file(argv[i]);
	listener = listen_on(number(argv[1], '\0', PORT_MAX));
	watch(epoll, listener);
	while ((n = epoll_wait(epoll, events, EVENTS_MAX, -1)) != -1) {
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				serve(events[i].data.fd);
		}
	}
	err(1, "epoll_wait");
}
