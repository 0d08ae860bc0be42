/*
 * --config.file: modules, which are ways to scrape that a request picks with
 * module=NAME. Plain settings; memcached/modules.h makes use of them.
 *
 *	queries: as in config/query.h
 *	modules:
 *	  NAME:
 *	    timeout: 1s
 *	    collectors: [names, as in stats/collector.h]
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
 *	    queries: [names, as below the other queries]
 *	    probe:
 *	      key: text
 *	      write: false
 *	pools: as config/pool.h has them
 *
 * All keys may be missing, but a module with `auth` must have `targets`: where
 * its password may go. Relative paths begin at the file's folder.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "config/module.h"
#include "config/pool.h"
#include "config/query.h"

/* More modules than this are refused. */
#define FILE_MODULES_MAX 1024

struct config {
	struct module_config *modules;
	size_t len;
	struct pool_configs pools;
	struct query_configs queries;
};

/* path "" is a file without modules. config_free in any case. */
int config_load(const char *path, struct config *c, struct error *e);
void config_free(struct config *c);

#endif
