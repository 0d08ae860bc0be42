/*
 * What a client would like best, by its Accept and Accept-Encoding headers
 * (RFC 9110, section 12.5). Pure: no memory of its own, and one pass.
 *
 * An element that cannot be read is as good as absent. No client is refused:
 * what cannot be had is answered in the text format, and not compressed.
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <stdbool.h>

#include "base/span.h"

/* How names that are not [a-zA-Z0-9_:] are written. All of ours are. */
enum escaping {
	ESCAPING_NONE, /* not asked for */
	ESCAPING_ALLOW_UTF_8,
	ESCAPING_UNDERSCORES,
	ESCAPING_DOTS,
	ESCAPING_VALUES,
	ESCAPINGS
};

/* What metrics can be had as. */
enum accept_type {
	ACCEPT_TEXT,        /* the text format 0.0.4 of Prometheus */
	ACCEPT_OPENMETRICS, /* 1.0.0 */
	ACCEPT_TYPES
};

struct accepted {
	enum accept_type type;
	enum escaping escaping;
};

/* More than any Content-Type has, with its NUL. */
#define ACCEPT_TYPE_MAX 96

/*
 * The type of greater weight, by the most specific range that each matches;
 * the text format 0.0.4 when both weigh the same, as with an empty header.
 * A range with another version than ours matches nothing: a client that knows
 * only OpenMetrics 0.0.1, or the text format 1.0.0, takes 0.0.4 as well.
 */
struct accepted accept_metrics(struct span accept);

/*
 * Its Content-Type. The scheme of escaping is named when the range that was
 * chosen named one, as Prometheus 3 does:
 * https://prometheus.io/docs/instrumenting/content_negotiation/
 */
void accept_content_type(const struct accepted *a, char type[ACCEPT_TYPE_MAX]);

/* Whether gzip is welcome, and no less so than what is not compressed. */
bool accept_gzip(struct span accept_encoding);

#endif
