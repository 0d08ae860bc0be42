/*
 * The names that queries of --config.file give to metrics and labels: those of
 * the exposition formats, but for what belongs to the exporter, to Prometheus,
 * or to another query.
 */
#ifndef CONFIG_QUERY_NAME_H
#define CONFIG_QUERY_NAME_H

#include <stdbool.h>

#include "base/error.h"
#include "config/tree.h"

struct metric_query;
struct query_configs;

/* Whether a text has the form of a label's name. */
bool query_name_is_label(const char *name);

/*
 * Whether a query, whose type is known, may have its name beside the others,
 * among which it may be itself. Else e names the place of the name.
 */
int query_name_check(struct tree *y, struct yaml_node_s *place,
    const struct query_configs *qs, const struct metric_query *q,
    struct error *e);

#endif
