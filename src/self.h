/*
 * Metrics about the exporter itself, and about the memcached process behind
 * --memcached.pid-file; both on /metrics only.
 */
#ifndef SELF_H
#define SELF_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "stats/text.h"

struct filter;
struct self;
struct server;
struct targets;
struct web;

/*
 * All are borrowed; pid_file "" = none; server and web may be NULL. When
 * disabled, only memcached's process is left.
 */
struct self *self_new(const char *pid_file, bool disabled,
    const struct targets *targets, const struct server *server,
    const struct web *web);
void self_free(struct self *s);

/* The configuration has been read, or could not be. */
void self_configured(struct self *s, bool ok);

/* A scrape has ended; why is NULL when the server was up. */
void self_count(struct self *s, const struct error *why);

/*
 * The exporter's own counters, and what the kernel says of processes. That
 * takes a while and is kept for a moment: self_prepare fetches it before it is
 * needed, while something else has to be waited for.
 */
void self_prepare(
    struct self *s, enum text_format format, struct filter *filter);
void self_render(struct self *s, struct buf *out, enum text_format format,
    struct filter *filter);

/* All families that there are here. */
void self_families(text_family_fn *each, void *arg);

#endif
