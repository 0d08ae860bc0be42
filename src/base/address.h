/*
 * Where something listens, as people write it:
 *
 *	host:port  [v6]:port  host  :port  /path/of/socket  unix:/path
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
#define ADDRESS_TEXT_MAX (ADDRESS_HOST_MAX + 16) /* "[]:65535", "unix:" */

struct address {
	bool is_path;                /* a unix socket; host is its path */
	char host[ADDRESS_HOST_MAX]; /* empty: any of this machine's */
	uint16_t port;
};

/* Where memcached listens unless told. */
#define MEMCACHED_PORT 11211

/* One address that connect(2) and bind(2) take. */
struct endpoint {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* default_port < 0: the port must be given. */
int address_parse(
    struct address *a, const char *text, int default_port, struct error *e);

/* "host:port", "[v6]:port" or "unix:/path", always with its NUL. */
void address_text(const struct address *a, char text[ADDRESS_TEXT_MAX]);

/*
 * The endpoint of a path or a numeric host; false for a name, which has to be
 * looked up first. An empty host is the loopback name's business.
 */
bool address_endpoint(const struct address *a, struct endpoint *ep);

/* The same text for an endpoint. */
void endpoint_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX]);

#endif
