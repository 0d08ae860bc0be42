#include "config/pool_keys.h"

#include <string.h>

#include "base/span.h"
#include "config/file.h"

/* Keys with @@ in front, or without; NULL when there are none. */
static const char *
key_of(const struct gets *gets)
{
	return gets != NULL ? gets->queries[0]->keys[0] : NULL;
}

static const struct module_config *
module_of(const struct config *c, const struct pool_config *p)
{
	const char *name = is_set(p->module) ? p->module : MODULE_DEFAULT;

	for (size_t i = 0; i < c->len; i++) {
		if (strcmp(c->modules[i].name, name) == 0)
			return &c->modules[i];
	}
	return NULL;
}

static int
check_beside(const struct pool_config *p, const char *other, struct error *e)
{
	const char *key = key_of(p->gets);

	if (!is_set(other) ||
	    metric_query_key_switches(key) == metric_query_key_switches(other))
		return 0;
	return error_set(e,
	    "%s: pool \"%s\": \"%.64s\" beside \"%.64s\" on connections of "
	    "one module: in the InnoDB plugin a key with @@ switches the "
	    "connection to its table, and the plain one would be looked up "
	    "there; use two modules, or name the table in both",
	    p->place, p->name, key, other);
}

/* What is read over the same connections as a pool's keys. */
static int
check_pool_keys(
    const struct config *c, const struct pool_config *p, struct error *e)
{
	const struct module_config *m = module_of(c, p);

	if (m != NULL && (check_beside(p, m->probe_key, e) < 0 ||
			     check_beside(p, key_of(m->gets), e) < 0))
		return -1;
	for (const struct pool_config *q = c->pools.list; q < p; q++) {
		if (module_of(c, q) == m &&
		    check_beside(p, key_of(q->gets), e) < 0)
			return -1;
	}
	return 0;
}

int
pool_keys_check(const struct config *c, struct error *e)
{
	for (size_t i = 0; i < c->pools.len; i++) {
		const struct pool_config *p = &c->pools.list[i];

		if (p->gets != NULL && check_pool_keys(c, p, e) < 0)
			return -1;
	}
	return 0;
}
