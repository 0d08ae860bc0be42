/*
 * A probe: operations that show whether a server does more than answer
 * `stats`, and how long each takes. They are asked one by one. Made once,
 * counted, and does not change.
 */
#ifndef STATS_PROBE_H
#define STATS_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "stats/line.h"
#include "stats/text.h"

/* How long a value lives that was not deleted. */
#define PROBE_EXPIRY_SECONDS 60

enum probe_operation {
	PROBE_VERSION, /* in the binary protocol a noop */
	PROBE_SET,
	PROBE_GET,
	PROBE_DELETE,
	PROBE_OPERATIONS
};

struct filter;
struct probe;

/*
 * Without a key (NULL, "") only PROBE_VERSION; with one, PROBE_GET; and with
 * `write` all: the key is set, read back, compared and deleted.
 */
struct probe *probe_new(const char *key, bool write, bool binary);

/* One that differs from another in its key alone. */
struct probe *probe_with_key(const struct probe *like, const char *key);
struct probe *probe_hold(struct probe *p); /* takes NULL, as probe_release */
void probe_release(struct probe *p);

/* They do the same; either may be NULL. */
bool probe_equal(const struct probe *a, const struct probe *b);

/* "version", "noop", "set", … */
const char *probe_name(const struct probe *p, enum probe_operation op);

/* The bytes to send; without a pointer when it does not have it. */
struct span probe_command(const struct probe *p, enum probe_operation op);

/* The key that PROBE_GET reads, and what the value must be; or no pointer. */
struct span probe_key(const struct probe *p);
struct span probe_value(const struct probe *p);

/* Whether an answer in one line is the good one; not for PROBE_GET. */
bool probe_is_good(enum probe_operation op, const struct line *line);

/*
 * An operation that failed may end the probe: what was not set is neither read
 * nor deleted, and what is another's is not deleted.
 */
bool probe_goes_on(const struct probe *p, enum probe_operation failed);

/* What came of it, by operation. */
struct probed {
	struct {
		bool success;
		bool has_duration;
		uint64_t us;
	} operations[PROBE_OPERATIONS];
};

void probe_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct probe *p,
    const struct probed *probed);

/* The probe of one of many servers: NULL when it has none. */
struct probe_result {
	const struct probe *probe;
	struct probed probed;
};

/* Adds the labels of a result with text_label, behind `operation`. */
typedef void probe_labels_fn(struct buf *out, size_t result, void *arg);

void probes_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct probe_result *results, size_t len,
    probe_labels_fn *labels, void *arg);

/* All families that there are here. */
void probe_families(text_family_fn *each, void *arg);

#endif
