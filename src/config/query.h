/*
 * Metrics from values, below `queries` of --config.file (stats/metric_query.h):
 *
 *	queries:
 *	  METRIC:                 the name, with _total for a counter
 *	    query: get KEY…       only this command
 *	    type: gauge or counter
 *	    description: text
 *	    columns: [names]      of a value; without them it is a number
 *	    separator: '|'        between the columns
 *	    labels: [columns]     that are labels
 *	    value: column         that is the number; else `value`
 *	    scale: 0.001          what the number is multiplied by
 */
#ifndef CONFIG_QUERY_H
#define CONFIG_QUERY_H

#include <stddef.h>

#include "base/error.h"
#include "config/tree.h"
#include "stats/metric_query.h"

/* More queries are refused. */
#define QUERIES_MAX 1024

/* Bytes of the name of a metric or of a label. */
#define QUERY_NAME_BYTES_MAX 128

struct query_configs {
	struct metric_query **list;
	size_t len;
};

/* Reads the mapping below `queries` into a struct query_configs. */
tree_read_fn query_configs_read;

void query_configs_free(struct query_configs *qs);

/* Whether a text may be a key of memcached; else why has what is wrong. */
int query_key_check(const char *key, struct error *why);

#endif
