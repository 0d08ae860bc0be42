/*
 * The Prometheus text exposition format 0.0.4: HELP and TYPE once in front of
 * a family, one sample a line. Values are given as text already.
 */
#ifndef STATS_TEXT_H
#define STATS_TEXT_H

#include "base/buf.h"

/* Larger than any answer within the limits of reply.h makes. */
#define TEXT_BYTES_MAX (64U << 20)

#define TEXT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The HELP and TYPE lines; help is ASCII without backslash and newline. */
void text_family(
    struct buf *out, const char *name, const char *type, const char *help);

/*
 * A label pair with its value escaped: `\`, `"` and newline as the format
 * says, and a byte that is no UTF-8 as U+FFFD. Puts a comma in front unless
 * the sample's labels begin here.
 */
void text_label(struct buf *out, const char *name, struct span value);

/* A whole sample; labels is what stands between the braces, or NULL. */
void text_sample_u64(
    struct buf *out, const char *name, const char *labels, uint64_t value);

/* Microseconds as seconds, without loss: "12.000345". */
void text_seconds(struct buf *out, uint64_t us);

#endif
