#include "http/listener.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"

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

/* Removes a socket's file when nothing listens on it any more. */
static void
remove_stale(const struct endpoint *ep)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ep->sa;
	struct stat st;
	int fd;

	if (lstat(un->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	/* a listener whose queue is full must not make us wait as well */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) < 0 &&
	    errno == ECONNREFUSED)
		(void)unlink(un->sun_path);
	(void)close(fd);
}

/* What the kernel makes of 0777 and the umask is the file's mode at once. */
static int
bind_with_mode(int fd, const struct endpoint *ep, int mode)
{
	bool given = ep->sa.ss_family == AF_UNIX && mode >= 0;
	mode_t old = given ? umask(~(mode_t)mode & 0777) : 0;
	int r = bind(fd, (const struct sockaddr *)&ep->sa, ep->len);

	if (given)
		(void)umask(old);
	return r;
}

/* Accepted sockets inherit it. */
static void
set_nodelay(int fd, int family)
{
	int one = 1;

	if (family == AF_INET || family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static int
open_endpoint(const struct endpoint *ep, int mode, struct error *e)
{
	int family = ep->sa.ss_family, one = 1, zero = 0, err;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 && family == AF_VSOCK && errno == EAFNOSUPPORT)
		return error_set(e,
		    "the kernel has no vsock, or a sandbox does not let it "
		    "be used");
	if (fd < 0)
		return error_set(e, "%s", strerror(errno));
	set_nodelay(fd, family);
	if (family == AF_UNIX)
		remove_stale(ep);
	else
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind_with_mode(fd, ep, mode) < 0 || listen(fd, SOMAXCONN) < 0) {
		err = errno;
		(void)close(fd);
		errno = err;
		return error_set(e, "%s", strerror(err));
	}
	return fd;
}

/* Any address; with IPv6 one has both. */
static bool
is_any(const struct endpoint *ep)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&ep->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&ep->sa;

	if (ep->sa.ss_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
	return ep->sa.ss_family == AF_INET &&
	       four->sin_addr.s_addr == htonl(INADDR_ANY);
}

/* Where to try to listen, in turn: how many there are, or -1. */
static int
endpoints_of(const struct address *a, struct endpoint list[2], struct error *e)
{
	bool is_inet = !a->is_path && !a->is_vsock;

	if (is_inet && a->host[0] == '\0') {
		any_endpoints((uint16_t)a->port, list);
		return 2;
	}
	if (!address_endpoint(a, &list[0]) && lookup(a, &list[0], e) < 0)
		return -1;
	if (list[0].sa.ss_family != AF_INET6 || !is_any(&list[0]))
		return 1;
	any_endpoints((uint16_t)a->port, list);
	return 2;
}

/* Whether a socket that is bound to a serves the clients of b as well. */
static bool
includes(const struct endpoint *a, const struct endpoint *b)
{
	int family = a->sa.ss_family;

	if (family == AF_INET || family == AF_INET6) {
		if (endpoint_port(a) != endpoint_port(b) ||
		    endpoint_port(a) == 0)
			return false;
		if (is_any(a))
			return b->sa.ss_family == AF_INET || family == AF_INET6;
	}
	return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

/* The file counts: there are many ways to write its path. */
static bool
has_file_of(const struct listen_socket *l, const struct endpoint *ep)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ep->sa;
	struct stat st;

	return l->has_file && ep->sa.ss_family == AF_UNIX &&
	       lstat(un->sun_path, &st) == 0 && st.st_dev == l->device &&
	       st.st_ino == l->inode;
}

static void
get_bound(struct listen_socket *l)
{
	l->bound.len = sizeof(l->bound.sa);
	(void)getsockname(
	    l->fd, (struct sockaddr *)&l->bound.sa, &l->bound.len);
}

/* Because of one of ours, perhaps, which is no other program. */
static int
say_in_use(const struct endpoint *ep, const struct listen_socket *list,
    size_t n, struct error *e)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		if (!includes(ep, &list[i].bound))
			continue;
		endpoint_text(&list[i].bound, text);
		return error_set(e,
		    "it includes %s of another --web.listen-address; remove "
		    "one of the two",
		    text);
	}
	return error_set(e, "%s", strerror(EADDRINUSE));
}

/* One more socket behind the n of the list; 0 if they include it, or -1. */
static int
open_address(const struct address *a, int mode, struct listen_socket *list,
    size_t n, struct error *e)
{
	struct endpoint endpoints[2];
	int tries = endpoints_of(a, endpoints, e), fd = -1;
	struct listen_socket *l = &list[n];
	struct stat st;

	for (size_t i = 0; i < n && tries > 0; i++) {
		if (includes(&list[i].bound, &endpoints[0]) ||
		    has_file_of(&list[i], &endpoints[0]))
			return 0;
	}
	for (int i = 0; i < tries && fd < 0; i++) {
		fd = open_endpoint(&endpoints[i], mode, e);
		if (fd < 0 && errno == EADDRINUSE)
			return say_in_use(&endpoints[i], list, n, e);
		/* only a machine without IPv6 gets the second try */
		if (fd < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
			return -1;
	}
	if (fd < 0)
		return -1;
	*l = (struct listen_socket){ .fd = fd };
	get_bound(l);
	if (a->is_path && lstat(a->host, &st) == 0) {
		l->has_file = true;
		l->device = st.st_dev;
		l->inode = st.st_ino;
	}
	return 1;
}

int
listener_open_all(const struct address *addresses, size_t n, int mode,
    struct listen_socket *list, struct error *e)
{
	size_t len = 0;
	struct error why;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		int r = open_address(&addresses[i], mode, list, len, &why);

		if (r < 0) {
			address_text(&addresses[i], text);
			while (len > 0)
				listener_close(&list[--len]);
			return error_set(e, "listen on %s: %s", text, why.text);
		}
		len += (size_t)r;
	}
	return (int)len;
}

static bool
is_family_served(int family)
{
	static const int served[] = { AF_INET, AF_INET6, AF_UNIX, AF_VSOCK };

	for (size_t i = 0; i < nitems(served); i++) {
		if (family == served[i])
			return true;
	}
	return false;
}

int
listener_inherit(int fd, struct listen_socket *l, struct error *e)
{
	struct listen_socket got = { .fd = fd };
	int type = 0, listens = 0;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return error_set(
		    e, "descriptor %d is no socket: %s", fd, strerror(errno));
	if (type != SOCK_STREAM)
		return error_set(e,
		    "descriptor %d is no stream socket: ListenStream= makes "
		    "one",
		    fd);
	(void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	if (!listens)
		return error_set(e,
		    "descriptor %d is a socket that does not listen: the "
		    "socket unit needs Accept=no",
		    fd);
	get_bound(&got);
	if (!is_family_served(got.bound.sa.ss_family))
		return error_set(e,
		    "descriptor %d is a socket of another kind than TCP, "
		    "unix and vsock",
		    fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		return error_set(e, "descriptor %d: %s", fd, strerror(errno));
	set_nodelay(fd, got.bound.sa.ss_family);
	*l = got;
	return 0;
}

void
listener_close(const struct listen_socket *l)
{
	/* a client that comes now finds no file, or that of the next one */
	if (has_file_of(l, &l->bound)) {
		const struct sockaddr_un *un =
		    (const struct sockaddr_un *)&l->bound.sa;

		(void)unlink(un->sun_path);
	}
	(void)close(l->fd);
}
