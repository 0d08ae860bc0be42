/*
 * The configuration of a pool: the servers among which an application spreads
 * its keys, in libmemcached's own words. --config.file has them below `pools`;
 * src/pools asks libmemcached what they mean.
 */
#ifndef CONFIG_POOL_H
#define CONFIG_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "config/tree.h"

/* More of either are refused. */
#define POOLS_MAX 1000
#define POOL_SERVERS_MAX 1000

/* Servers of all pools together. */
#define POOLS_SERVERS_MAX 16384

/* Keys of the queries of all pools together: aliases make much of little. */
#define POOLS_KEYS_MAX 16384

/* Of a server. libmemcached makes points of its circle of them. */
#define POOL_WEIGHT_MAX 10000

/* Of both names, and of a namespace, in bytes. */
#define POOL_NAME_MAX 128

struct gets;
struct query_configs;

struct pool_server {
	struct address address;
	uint32_t weight;
};

struct pool_config {
	char *name;
	char *place; /* "file:line:column" */
	struct pool_server *servers;
	size_t servers_len;
	char *distribution; /* NULL or "": libmemcached's default, as below */
	char *hash;
	char *key_namespace; /* in front of each key */
	bool hash_with_namespace;
	char *options; /* libmemcached's configuration string, instead of all */
	char *module;  /* NULL or "": `default` */
	const struct query_configs *queries; /* while it is read */
	struct gets *gets; /* of its queries; NULL: none; with a hold */
};

struct pool_configs {
	struct pool_config *list;
	size_t len;
	size_t servers, keys;                /* of all */
	const struct query_configs *queries; /* that they may name, borrowed */
};

/*
 * Reads the mapping below `pools` into a struct pool_configs, whose queries
 * have been set.
 */
tree_read_fn pool_configs_read;

void pool_configs_free(struct pool_configs *ps);

#endif
