/*
 * Where something listens, as people write it:
 *
 *	host:port  [IPv6]:port  host  :port
 *	/path/of/socket  unix:/path  unix:///path
 *	vsock://:port
 *
 * The host is as host.h has it, an IPv6 address between brackets. A socket's
 * path begins with "/", "./" or "../", or has "unix:" in front.
 *
 * A value: copy it freely, nothing is owned.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/host.h"

#define ADDRESS_HOST_MAX HOST_MAX
#define ADDRESS_TEXT_MAX (ADDRESS_HOST_MAX + 16) /* "[.]:65535", "unix:" */

/* What an error shows of a text is cut here. */
#define ADDRESS_ECHO_MAX 384

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

/* Where to listen: with a port, and vsock as well; "*" is any host. */
int address_parse_listen(struct address *a, const char *text, struct error *e);

/*
 * What an error may show of a text that was given as an address or in place of
 * one: "***" for all in front of an '@', which may be a user and a password.
 */
void address_echo(const char *text, char out[ADDRESS_ECHO_MAX]);

/* "host:port", "[v6]:port", "unix:/path" or "vsock://:port", with its NUL. */
void address_text(const struct address *a, char text[ADDRESS_TEXT_MAX]);

/*
 * The endpoint of a path or a numeric host; false for a name, which has to be
 * looked up first, and for an empty host.
 */
bool address_endpoint(const struct address *a, struct endpoint *ep);

/* Its port, 0 for a socket without one. */
unsigned endpoint_port(const struct endpoint *ep);

/* The same text for an endpoint; "unix:@name" for an abstract socket. */
void endpoint_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX]);

#endif
