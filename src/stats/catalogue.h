/*
 * The catalogue of metrics: which STAT key becomes which series. One table,
 * and the only place to touch when memcached learns a new key.
 *
 * Families come out in the order of the table; the series of a family in the
 * order of its rows, and those of slab classes by class number first.
 *
 * A name is the same in both formats of text.h. No two families may have one
 * name after OpenMetrics has taken the _total off counters, nor may a family
 * be called as another's counter with _total or _created.
 */
#ifndef STATS_CATALOGUE_H
#define STATS_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stats/keys.h"
#include "stats/text.h"

struct reply;
struct series;

/* Where a series is being read: section and key are the series' own. */
struct source {
	const struct reply *reply;
	int place; /* of reply.h: REPLY_SERVER, or a slab class */
};

/*
 * Appends the sample's value to out. Returns -1, with out untouched, when text
 * (the value of the series' key) is not of the form the function reads.
 */
typedef int value_fn(struct buf *out, struct span text,
    const struct series *series, const struct source *source);

value_fn value_uint;        /* digits of a uint64, as sent; the default */
value_fn value_int;         /* the same with an optional minus */
value_fn value_decimal;     /* that with an optional fraction, a uint64 too */
value_fn value_cpu;         /* "sec.usec" or "sec:usec" */
value_fn value_micro;       /* microseconds, printed as seconds */
value_fn value_switch;      /* yes/no, on/off, running/stopped, 1/0 → 1/0 */
value_fn value_less_one;    /* printed as n - 1: 2^64 - 1 means 0 */
value_fn value_ago;         /* seconds that the plugin may print negated */
value_fn value_stored;      /* cmd_set less the cas_* outcomes it includes */
value_fn value_slab_stored; /* the same for a class (rule 3) */

/* A label whose value is a STAT value: an info series has some of these. */
struct info {
	const char *label;
	enum section section;
	const char *key;
};

struct series {
	enum section section;
	const char *key;         /* NULL ends a family's list */
	struct span labels;      /* constant: `command="get"`; mostly none */
	value_fn *value;         /* NULL: value_uint */
	const struct info *info; /* not NULL: value 1, labels from these,
				      a list that ends with label NULL;
				      no series when none was sent */
	bool instead;            /* only when the row before gave nothing */
};

/* With its NUL; the whole array is copied in front of each sample. */
#define FAMILY_NAME_BYTES 56

struct family {
	char name[FAMILY_NAME_BYTES];
	size_t name_len;
	const char *help; /* plain text, one line; names its STAT keys */
	struct span head; /* text_family for TEXT_PROMETHEUS, ready-made */
	enum metric_type type;
	bool slab; /* one set of series per slab class */
	const struct series *series;
};

extern const struct family catalogue[];
extern const size_t catalogue_len;

#endif
