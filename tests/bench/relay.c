/*
 * relay PORT MEMCACHED_PORT SIZE
 *
 * The least that a scrape can cost: whatever it is asked over HTTP, it asks
 * the memcached what an exporter asks, waits for the whole answer and sends a
 * body of SIZE bytes, made beforehand. It parses nothing, renders nothing and
 * serves one client at a time. What an exporter takes longer is its own work.
 */
#include <stdio.h>
#include <unistd.h>

#include "connection.h"

int
main(int argc, char *argv[])
{
	static struct connection memcached;
	char request[4096], *answer;
	int size, len, listener, fd;

	if (argc != 4)
		errx(1, "usage: relay PORT MEMCACHED_PORT SIZE");
	memcached.name = "memcached";
	memcached.request = STATS_REQUEST;
	memcached.complete = stats_complete;
	connection_open(&memcached, number(argv[2], '\0', PORT_MAX));
	size = (int)number(argv[3], '\0', ANSWER_MAX);
	len = asprintf(&answer,
	    "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*d", size, size, 0);
	if (len == -1)
		err(1, NULL);

	listener = loopback_socket(bind, number(argv[1], '\0', PORT_MAX));
	if (listen(listener, SOMAXCONN) == -1)
		err(1, "listen");
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		/* A request is so small that it arrives in one piece. */
		while (recv(fd, request, sizeof(request), 0) > 0) {
			(void)connection_ask(&memcached);
			(void)send(fd, answer, (size_t)len, MSG_NOSIGNAL);
		}
		(void)close(fd);
	}
	err(1, "accept");
}
