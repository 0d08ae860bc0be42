#include "config/query_name.h"

#include <string.h>

#include <yaml.h>

#include "base/span.h"
#include "config/query.h"

#define TOTAL "_total"
#define CREATED "_created"

/* [a-zA-Z_][a-zA-Z0-9_]*, and colons for metrics. */
static bool
is_name(const char *s, const char *extra)
{
	static const char digits[] = "0123456789";
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

	if (s[0] == '\0' || strchr(digits, s[0]) != NULL ||
	    strlen(s) > QUERY_NAME_BYTES_MAX)
		return false;
	for (; *s != '\0'; s++) {
		if (strchr(letters, *s) == NULL && strchr(digits, *s) == NULL &&
		    strchr(extra, *s) == NULL)
			return false;
	}
	return true;
}

bool
query_name_is_label(const char *name)
{
	return is_name(name, "");
}

static bool
ends_in(const char *s, const char *tail)
{
	size_t len = strlen(s), n = strlen(tail);

	return len > n && strcmp(s + len - n, tail) == 0;
}

/* Metrics of the exporter, and those that Prometheus itself makes. */
static int
check_form(struct tree *y, yaml_node_t *place, const char *name,
    enum metric_type type, struct error *e)
{
	static const char *const taken[] = { "memcached_", "process_",
		"scrape_" };

	if (!is_name(name, ":"))
		return tree_error(y, place, e,
		    "\"%.64s\" is no name of a metric: expected letters, "
		    "digits, _ and :, no digit first, at most %d bytes",
		    name, QUERY_NAME_BYTES_MAX);
	for (size_t i = 0; i < nitems(taken); i++) {
		if (strncmp(name, taken[i], strlen(taken[i])) == 0)
			return tree_error(y, place, e,
			    "names that begin with %s are taken: choose "
			    "another",
			    taken[i]);
	}
	if (strcmp(name, "up") == 0)
		return tree_error(
		    y, place, e, "the name up is taken: choose another");
	if (type == METRIC_COUNTER && !ends_in(name, TOTAL))
		return tree_error(
		    y, place, e, "the name of a counter ends in %s", TOTAL);
	if (type != METRIC_COUNTER && ends_in(name, TOTAL))
		return tree_error(y, place, e,
		    "a name that ends in %s is a counter's: expected type "
		    "counter",
		    TOTAL);
	return 0;
}

/*
 * OpenMetrics calls the counter X_total X, and keeps X_created: two metrics
 * cannot share these.
 */
static bool
clashes(const struct metric_query *counter, const struct metric_query *other)
{
	size_t len = strlen(counter->name) - strlen(TOTAL);

	if (counter->type != METRIC_COUNTER ||
	    strncmp(counter->name, other->name, len) != 0)
		return false;
	return other->name[len] == '\0' ||
	       strcmp(other->name + len, CREATED) == 0;
}

static int
check_clash(struct tree *y, yaml_node_t *place, const struct query_configs *qs,
    const struct metric_query *q, struct error *e)
{
	for (size_t i = 0; i < qs->len; i++) {
		const struct metric_query *other = qs->list[i];

		if (other != q && (clashes(q, other) || clashes(other, q)))
			return tree_error(y, place, e,
			    "\"%.64s\" and \"%.64s\" are one name in "
			    "OpenMetrics: choose another",
			    q->name, other->name);
	}
	return 0;
}

int
query_name_check(struct tree *y, yaml_node_t *place,
    const struct query_configs *qs, const struct metric_query *q,
    struct error *e)
{
	if (check_form(y, place, q->name, q->type, e) < 0)
		return -1;
	return check_clash(y, place, qs, q, e);
}
