#include "http/listener.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* IPv4 and IPv6 at once where the machine has both. */
static void
any_endpoints(uint16_t port, struct endpoint list[2])
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&list[0].sa;
	struct sockaddr_in *four = (struct sockaddr_in *)&list[1].sa;

	list[0] = (struct endpoint){ .len = sizeof(*six) };
	list[1] = (struct endpoint){ .len = sizeof(*four) };
	six->sin6_family = AF_INET6;
	six->sin6_addr = in6addr_any;
	six->sin6_port = htons(port);
	four->sin_family = AF_INET;
	four->sin_addr.s_addr = htonl(INADDR_ANY);
	four->sin_port = htons(port);
}

/* A name's first IPv4 address, or else its first. */
static int
lookup(const struct address *a, struct endpoint *ep, struct error *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *best;
	char port[8];
	int r;

	(void)snprintf(port, sizeof(port), "%u", a->port);
	r = getaddrinfo(a->host, port, &hints, &list);
	if (r != 0)
		return error_set(e, "%s", gai_strerror(r));
	/* a list that was found has an entry */
	for (best = list; best->ai_next != NULL; best = best->ai_next) {
		if (best->ai_family == AF_INET)
			break;
	}
	if (best->ai_family != AF_INET)
		best = list;
	*ep = (struct endpoint){ .len = best->ai_addrlen };
	memcpy(&ep->sa, best->ai_addr, best->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

/* Removes a socket's file when nobody listens on it any more. */
static void
remove_stale(const struct endpoint *ep)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ep->sa;
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 &&
	    errno == ECONNREFUSED)
		(void)unlink(un->sun_path);
	(void)close(fd);
}

static int
open_endpoint(const struct endpoint *ep, struct error *e)
{
	int family = ep->sa.ss_family, one = 1, zero = 0, err;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return error_set(e, "%s", strerror(errno));
	if (family == AF_UNIX) {
		remove_stale(ep);
	} else {
		/* accepted sockets inherit TCP_NODELAY */
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&ep->sa, ep->len) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		err = errno;
		(void)close(fd);
		errno = err;
		return error_set(e, "%s", strerror(err));
	}
	return fd;
}

int
listener_open(const struct address *a, struct endpoint *bound, struct error *e)
{
	struct endpoint list[2];
	size_t n = 1;
	int fd = -1;

	if (!a->is_path && a->host[0] == '\0') {
		any_endpoints(a->port, list);
		n = 2;
	} else if (!address_endpoint(a, &list[0]) &&
		   lookup(a, &list[0], e) < 0) {
		return -1;
	}
	for (size_t i = 0; i < n && fd < 0; i++) {
		fd = open_endpoint(&list[i], e);
		/* only a machine without IPv6 gets the second try */
		if (fd < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			break;
	}
	if (fd < 0)
		return -1;
	*bound = (struct endpoint){ .len = sizeof(bound->sa) };
	(void)getsockname(fd, (struct sockaddr *)&bound->sa, &bound->len);
	return fd;
}
