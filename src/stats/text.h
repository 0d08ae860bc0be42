/*
 * The two text formats that Prometheus reads, a sample a line, values being
 * text already. They differ in what stands in front of a family and behind the
 * last one; the samples are the same, but for the way in which bounds of a
 * histogram are written.
 *
 * The Prometheus text format 0.0.4: HELP and TYPE.
 * OpenMetrics 1.0.0 (https://github.com/prometheus/OpenMetrics): TYPE, UNIT
 * when the family's name ends in one, HELP, and at the end "# EOF". A
 * counter's family is called as its samples less their _total; one whose
 * samples have no _total is `unknown`, so that they keep their name.
 */
#ifndef STATS_TEXT_H
#define STATS_TEXT_H

#include "base/buf.h"

/* Larger than any answer within the limits of reply.h makes. */
#define TEXT_BYTES_MAX (64U << 20)

enum text_format {
	TEXT_PROMETHEUS,
	TEXT_OPENMETRICS,
	TEXT_FORMATS
};

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_UNKNOWN,
	METRIC_TYPES
};

/* "counter", "gauge", …, as the text format 0.0.4 has them. */
const char *metric_type_name(enum metric_type type);

/*
 * The lines in front of a family; name is that of its samples, help is ASCII
 * without backslash and newline.
 */
void text_family(struct buf *out, enum text_format format, const char *name,
    enum metric_type type, const char *help);

/* The name of a family, in a list of them. */
typedef void text_family_fn(const char *name, void *arg);

/* What comes behind the last family. */
void text_end(struct buf *out, enum text_format format);

/*
 * A label pair with its value escaped: `\`, `"` and newline as the format
 * says, and a byte that is no UTF-8 as U+FFFD. Puts a comma in front unless
 * the sample's labels begin here.
 */
void text_label(struct buf *out, const char *name, struct span value);

/* A whole sample without labels, or with one whose value needs no escape. */
void text_sample_u64(struct buf *out, const char *name, uint64_t value);
void text_sample_of(struct buf *out, const char *name, const char *label,
    const char *label_value, uint64_t value);

/*
 * A histogram: how many values are at most each of the bounds, which ascend,
 * and the sum of all. counts are those between a bound and the one before it;
 * there is one more of them, for what is above the last bound.
 */
struct histogram {
	const double *bounds;
	size_t len;
	const uint64_t *counts;
	double sum;
};

/* The whole family: head, _bucket, _sum and _count. */
void text_histogram(struct buf *out, enum text_format format, const char *name,
    const char *help, const struct histogram *h);

/* Microseconds as seconds, without loss: "12.000345". */
void text_seconds(struct buf *out, uint64_t us);

/* A finite number, so short that it reads back the same. */
void text_double(struct buf *out, double d);

#endif
