/*
 * --config.file: modules, which are ways to scrape that a request picks with
 * module=NAME. Plain settings; memcached/modules.h makes use of them.
 *
 *	modules:
 *	  NAME:
 *	    timeout: 1s
 *	    collectors: [settings, slab, scrub]
 *	    tls:
 *	      ca_file, cert_file, key_file, server_name: text
 *	      insecure_skip_verify: false
 *	      min_version: TLS12 or TLS13
 *	    protocol: ascii or binary
 *	    auth:
 *	      type: ascii or sasl (which needs the binary protocol)
 *	      username: text
 *	      password_file: path
 *	    targets: [as --scrape.allow-target]
 *
 * All keys may be missing, but whoever has `auth` must have `targets`: where
 * its password may go. Relative paths begin at the file's folder.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* More modules than this are refused. */
#define FILE_MODULES_MAX 1024

struct allow;

struct module_config {
	char *name;
	char *place;         /* "file:line:column" */
	uint64_t timeout_us; /* 0: not given */
	bool has_collectors;
	unsigned sections; /* of the collectors */
	bool has_tls;
	char *tls_ca_file; /* "" or NULL: not given; as with all the text */
	char *tls_cert_file;
	char *tls_key_file;
	char *tls_server_name;
	char *tls_min_version;
	bool tls_insecure;
	bool has_protocol;
	bool binary; /* the protocol */
	bool has_auth;
	bool sasl;
	char *username;
	char *password_file;
	struct allow *targets; /* NULL: not given */
};

struct config {
	struct module_config *modules;
	size_t len;
};

/* path "" is a file without modules. config_free in any case. */
int config_load(const char *path, struct config *c, struct error *e);
void config_free(struct config *c);

#endif
