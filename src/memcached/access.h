/*
 * How a server may be reached and is to be spoken to: what a target has
 * besides its address. Shared by many targets, and outlives them.
 */
#ifndef MEMCACHED_ACCESS_H
#define MEMCACHED_ACCESS_H

#include <stdbool.h>

#include "base/address.h"

struct allow;
struct tls;
struct tls_session;

struct modules;

struct access {
	struct modules *owner;        /* held by each target */
	const char *module;           /* its name; "": the flags' own target */
	const struct allow *allow[2]; /* all of these: NULL lets all through */
	struct tls *tls;              /* NULL: plain TCP */
	bool binary;          /* speak the binary protocol; SASL if need be */
	const char *username; /* NULL: no credentials */
	const char *password;
};

/* One server, as its connections need to know it. */
struct peer {
	struct address address;
	const struct access *access;
	struct tls_session *session; /* with TLS only */
};

#endif
