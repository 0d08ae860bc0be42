/*
 * Which name servers to ask, and for what: /etc/resolv.conf (resolv.conf(5)).
 * Beyond that a server may have a port: 127.0.0.1:5353, [::1]:5353.
 */
#ifndef MEMCACHED_RESOLV_CONF_H
#define MEMCACHED_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

/* More than these are not used; a larger file counts as none. */
#define RESOLV_SERVERS_MAX 3
#define RESOLV_DOMAINS_MAX 16
#define RESOLV_NDOTS_MAX 15
#define RESOLV_BYTES_MAX (64 << 10)

struct resolv_conf {
	unsigned holders;
	size_t servers_len; /* at least one: 127.0.0.1 */
	struct endpoint servers[RESOLV_SERVERS_MAX];
	size_t domains_len; /* at first that of the host's own name */
	char domains[RESOLV_DOMAINS_MAX][ADDRESS_HOST_MAX];
	unsigned ndots;
};

/* What a file says, or what goes without one. The caller holds it. */
struct resolv_conf *resolv_conf_new(const char *path);
void resolv_conf_hold(struct resolv_conf *c);
void resolv_conf_release(struct resolv_conf *c);

/*
 * The n-th name to ask for, from 0; "" when it would be too long; false when
 * there are no more. An absolute one is asked for as it is.
 */
bool resolv_conf_candidate(const struct resolv_conf *c, const char *host,
    bool is_absolute, size_t n, char name[ADDRESS_HOST_MAX]);

#endif
