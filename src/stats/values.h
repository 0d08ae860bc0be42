/*
 * What became of the values that queries asked for (stats/metric_query.h): samples,
 * each under its labels once, and what went wrong. Values of several servers
 * can be added up; the queries must be the same then. v may be NULL but for
 * rendering: nothing is kept.
 */
#ifndef STATS_VALUES_H
#define STATS_VALUES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "stats/metric_query.h"
#include "stats/text.h"

/* Of a label. */
#define VALUES_LABEL_BYTES_MAX 256

/* Why a sample is missing: the label `reason` of memcached_query_errors. */
enum values_error {
	VALUES_UNANSWERED, /* the scrape ended before */
	VALUES_REFUSED,    /* answered with an error */
	VALUES_OTHER_KEY,  /* the answer has another key, or two values */
	VALUES_LENGTH,     /* the answer's length of the value is wrong */
	VALUES_TOO_LARGE,  /* past LINE_VALUE_MAX */
	VALUES_COLUMNS,    /* not as many as the query says */
	VALUES_LABEL,      /* past VALUES_LABEL_BYTES_MAX */
	VALUES_NUMBER,     /* the value is none, or not in range */
	VALUES_DUPLICATE,  /* an earlier sample has the same labels */
	VALUES_ERRORS
};

struct filter;
struct values;

/* None is answered yet; holds the gets. */
struct values *values_new(struct gets *gets);
void values_free(struct values *v);

/* As it is now; NULL of NULL. */
struct values *values_copy(const struct values *v);

/* A value of the query at a place; an error costs its sample alone. */
void values_take(struct values *v, size_t query, struct span value);
void values_fail(struct values *v, size_t query, enum values_error why);

/* One more get of it came to its end; a missing key is no error. */
void values_answered(struct values *v, size_t query);

/*
 * Adds those of another server: what v had first stays. Their queries are some
 * of v's, in the same order.
 */
void values_add(struct values *v, const struct values *others);

/*
 * The queries' families, memcached_query_success, which is 1 when all keys were
 * answered and no sample was lost, and memcached_query_errors, by reason where
 * there are some.
 */
void values_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct values *v);

/* All families that there are here, but for the queries' own. */
void values_families(text_family_fn *each, void *arg);

#endif
