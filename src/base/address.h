/*
 * Where something listens, as people write it:
 *
 *	host:port  [v6]:port  host  :port  /path/of/socket  unix:/path
 *	vsock://:port
 *
 * A value: copy it freely, nothing is owned.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define ADDRESS_HOST_MAX 254 /* RFC 1035: 253 characters, and a NUL */
#define ADDRESS_TEXT_MAX (ADDRESS_HOST_MAX + 16) /* "[.]:65535", "unix:" */

struct address {
	bool is_path;                /* a unix socket; host is its path */
	bool is_vsock;               /* vsock(7); host is empty */
	bool is_absolute;            /* the host's name had a dot at its end */
	char host[ADDRESS_HOST_MAX]; /* empty: any, only to listen on */
	uint32_t port;               /* 16 bits, unless it is vsock's */
};

/* Where memcached listens unless told. */
#define MEMCACHED_PORT 11211

/* One address that connect(2) and bind(2) take. */
struct endpoint {
	struct sockaddr_storage sa;
	socklen_t len;
};

/*
 * Where to connect to, so neither vsock nor port 0: they are to listen on.
 * Without a host it is localhost. default_port < 0: the port must be given.
 */
int address_parse(
    struct address *a, const char *text, int default_port, struct error *e);

/* Where to listen: with a port, and vsock as well. */
int address_parse_listen(struct address *a, const char *text, struct error *e);

/* "host:port", "[v6]:port", "unix:/path" or "vsock://:port", with its NUL. */
void address_text(const struct address *a, char text[ADDRESS_TEXT_MAX]);

/*
 * The endpoint of a path or a numeric host; false for a name, which has to be
 * looked up first, and for an empty host.
 */
bool address_endpoint(const struct address *a, struct endpoint *ep);

/* The same text for an endpoint; "unix:@name" for an abstract socket. */
void endpoint_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX]);

#endif
