/* What a target is: an address, and how it is to be spoken to. */
#ifndef MEMCACHED_PEER_H
#define MEMCACHED_PEER_H

#include <stdbool.h>

#include "base/address.h"
#include "config/protocol.h"

struct module;
struct tls;
struct tls_session;

/* How a module speaks to its servers; a part of it. */
struct access {
	struct tls *tls; /* NULL: plain TCP */
	enum protocol protocol;
	const char *username; /* NULL: no credentials */
	const char *password;
};

/* One server, as its connections need to know it. */
struct peer {
	struct address address;
	struct module *module; /* held by its target */
	/*
	 * The name of the server was not enough for a list: each of its
	 * addresses has to be on it. Which lists: --scrape.allow-target, and
	 * the module's targets.
	 */
	bool check_flag_list;
	bool check_module_list;
	const struct access *access; /* the module's */
	struct tls_session *session; /* with TLS only */
};

#endif
