/*
 * The nodes of a cluster, as its configuration endpoint lists them: Amazon
 * ElastiCache and Google Memorystore ("auto discovery"). The answer to
 * `config get cluster` is that to a `get`, but for its first word:
 *
 *	CONFIG cluster 0 <bytes> CRLF
 *	<version> LF
 *	host|ip|port SP host|ip|port … LF
 *	CRLF
 *	END CRLF
 *
 * ElastiCache before memcached 1.4.14 has the same under a key. One of host and
 * ip may be empty.
 */
#ifndef STATS_CLUSTER_H
#define STATS_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/span.h"

/* More nodes are refused. Google's clusters have 20, Amazon's up to 60. */
#define CLUSTER_NODES_MAX 1000

/* How a server is asked, the newest way first. */
enum cluster_way {
	CLUSTER_CONFIG, /* config get cluster */
	CLUSTER_KEY,    /* get AmazonElastiCache:cluster */
	CLUSTER_WAYS
};

/* With its end of line; and what stands behind the answer's first word. */
struct span cluster_command(enum cluster_way way);
struct span cluster_key(enum cluster_way way);

struct cluster_node {
	struct address address;    /* by its host, or without one by its ip */
	char ip[ADDRESS_HOST_MAX]; /* "": not said */
};

struct cluster {
	uint64_t version;
	size_t len; /* at least one, each address once */
	struct cluster_node nodes[];
};

/*
 * Reads what lies between the lines of the protocol. -1, with REASON_PROTOCOL
 * or REASON_TOO_LARGE, unless each node has an address of TCP. *out is the
 * caller's, for free.
 */
int cluster_parse(struct span text, struct cluster **out, struct error *e);

#endif
