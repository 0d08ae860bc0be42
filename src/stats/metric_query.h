/*
 * Metrics from stored values: a query is a metric, the keys whose values are
 * read for it, and how a value becomes a sample. What a server is asked for
 * several of them are gets: one `get` a key, since the InnoDB plugin answers
 * one with several keys by a sentence. Both are made once, counted, and
 * change no more.
 */
#ifndef STATS_METRIC_QUERY_H
#define STATS_METRIC_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "stats/text.h"

#define QUERY_KEYS_MAX 100
#define QUERY_COLUMNS_MAX 64
#define QUERY_LABELS_MAX 16
#define QUERY_SEPARATOR_BYTES_MAX 8
#define QUERY_HELP_BYTES_MAX 1024

/* memcached takes no longer one (protocol.txt, "Keys"). */
#define QUERY_KEY_BYTES_MAX 250

/* Of all queries of one scrape. */
#define QUERY_KEYS_ALL_MAX 1000

/* All answers with values together. */
#define QUERY_BYTES_MAX (32U << 20)

struct query_label {
	char *name;
	size_t column;
};

struct metric_query {
	unsigned holds;
	char *name; /* of the metric */
	char *help; /* as text_family wants it */
	enum metric_type type;
	char **keys;
	size_t keys_len;

	/* a value is columns with the separator between, or one number */
	char *separator;
	size_t columns; /* 0: the whole value is the number */
	size_t value;   /* its column, from 0 */
	struct query_label labels[QUERY_LABELS_MAX]; /* by their names */
	size_t labels_len;
	double scale; /* 0: the number stays as it is */
};

/* Empty, with one hold; it owns what is put in. */
struct metric_query *metric_query_new(void);
struct metric_query *metric_query_hold(struct metric_query *q);
void metric_query_release(struct metric_query *q); /* takes NULL */

/* A copy with the prefix in front of each key. */
struct metric_query *metric_query_prefixed(
    const struct metric_query *q, const char *prefix);
bool metric_query_equal(
    const struct metric_query *a, const struct metric_query *b);

/* A key of the InnoDB plugin that names a container: @@container.key. */
static inline bool
metric_query_key_switches(const char *key)
{
	return key[0] == '@' && key[1] == '@';
}

struct get {
	struct span key;     /* of the query */
	size_t query;        /* its place in the gets' list */
	struct span command; /* "get key\r\n" */
	struct span packet;  /* GETK, opaque BINARY_GETS + its place */
};

struct gets {
	unsigned holds;
	struct metric_query **queries;
	size_t queries_len;
	struct get *list;
	size_t len;
	struct span commands, packets; /* all of them together */
	struct buf bytes;              /* what the spans point into */
};

/* Whether a key is read from the server that gets are made for. */
typedef bool gets_fn(const struct metric_query *q, const char *key, void *arg);

/*
 * The keys of n queries, which it holds; those that `wants` wants, all when
 * that is NULL.
 */
struct gets *gets_new(
    struct metric_query *const *queries, size_t n, gets_fn *wants, void *arg);
struct gets *gets_hold(struct gets *g); /* takes NULL, as do the others */
void gets_release(struct gets *g);
bool gets_equal(const struct gets *a, const struct gets *b);

#endif
