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
#include "base/parse.h"
#include "stats/keys.h"
#include "stats/text.h"

struct dialect;
struct reply;
struct series;

/* Where a series is being read: collector and key are the series' own. */
struct source {
	const struct reply *reply;
	const struct dialect *dialect; /* of the reply */
	int place; /* of reply.h: REPLY_SERVER, or a slab class */
};

enum value_result {
	VALUE_WRITTEN,
	VALUE_BAD,    /* not of the form, or a number that cannot be */
	VALUE_FOREIGN /* this server means something else with the key */
};

/*
 * Appends the sample's value to out, which is untouched unless the result is
 * VALUE_WRITTEN. text is the value of the series' key. Integers come out with
 * the digits that the server sent, without leading zeros.
 */
typedef enum value_result value_fn(struct buf *out, struct span text,
    const struct series *series, const struct source *source);

value_fn value_counter; /* a uint64; the default of counters */
/*
 * A number from 0 to below 2^63, whole or as printf's %f and %g write it; the
 * default of gauges. Larger ones are negative numbers printed as unsigned.
 */
value_fn value_gauge;
value_fn value_count;           /* a gauge that is whole, as items are */
value_fn value_signed;          /* a gauge that may be negative */
value_fn value_connections;     /* above 2^31 it is a negative one, thus 0 */
value_fn value_uptime;          /* seconds */
value_fn value_age;             /* seconds, at most the uptime; see dialect.h */
value_fn value_certificate_age; /* the same, see value.c */
value_fn value_ago;             /* seconds that the plugin may print negated */
value_fn value_cpu;             /* as a gauge, or "sec:usec" */
value_fn value_micro;           /* microseconds, printed as seconds */
value_fn value_kib;             /* KiB, printed as bytes */
value_fn value_switch;      /* yes/no, on/off, running/stopped, 1/0 → 1/0 */
value_fn value_requests;    /* a counter that mcrouter has as a rate */
value_fn value_stored;      /* cmd_set less the cas_* outcomes it includes */
value_fn value_slab_stored; /* the same for a class (rule 3) */

/*
 * Most values are a few digits: one walk checks and copies them. False, with
 * out untouched, for all that needs a closer look.
 */
static inline bool
value_copy_digits(struct buf *out, struct span text)
{
	bool others = text.len > 1 && text.p[0] == '0';
	char *p;

	if (text.len == 0 || text.len >= PARSE_DIGITS_SAFE ||
	    !buf_reserve(out, text.len))
		return false;
	p = out->p + out->len;
	for (size_t i = 0; i < text.len; i++) {
		p[i] = text.p[i];
		others |= (unsigned char)(text.p[i] - '0') > 9;
	}
	if (others)
		return false;
	out->len += text.len;
	return true;
}

/* A label whose value is a STAT value: an info series has some of these. */
struct info {
	const char *label;
	enum collector_id collector;
	const char *key;
};

struct series {
	enum collector_id collector;
	const char *key; /* NULL ends a family's list */
	/*
	 * Constant labels, from `{` on, in front of the label slab and behind
	 * it: labels come in alphabetical order. Mostly none.
	 */
	struct span before, after;
	value_fn *value;         /* NULL: the default of the family's type */
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
