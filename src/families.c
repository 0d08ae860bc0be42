#include "families.h"

#include "base/log.h"
#include "config/options.h"
#include "memcached/modules.h"
#include "pools/pools_text.h"
#include "self.h"
#include "stats/catalogue.h"
#include "stats/collector.h"
#include "stats/filter.h"
#include "stats/metric_query.h"
#include "stats/probe.h"
#include "stats/values.h"

/* All but those of queries. */
static void
each_family(text_family_fn *each, void *arg)
{
	for (size_t i = 0; i < catalogue_len; i++)
		each(catalogue[i].name, arg);
	for (size_t i = 0; i < COLLECTORS; i++) {
		const struct answer *a = collectors[i].answer;

		for (size_t k = 0; k < a->families_len; k++)
			each(a->families[k].name, arg);
	}
	values_families(each, arg);
	probe_families(each, arg);
	pools_families(each, arg);
	self_families(each, arg);
}

static void
see(const char *name, void *arg)
{
	filter_see(arg, name);
}

static void
see_queries(const struct module *m, void *arg)
{
	const struct gets *gets = module_gets(m);

	for (size_t i = 0; gets != NULL && i < gets->queries_len; i++)
		filter_see(arg, gets->queries[i]->name);
}

static void
warn(const char *place, const char *glob, void *arg)
{
	(void)arg;
	log_warn("No metric that may be left out has such a name", "place",
	    place, "glob", glob);
}

static void
check_filter(struct filter *f, const struct modules *ms)
{
	each_family(see, f);
	modules_each(ms, see_queries, f);
	filter_unmatched(f, warn, NULL);
}

struct check {
	const struct modules *modules;
	const struct filter *flags; /* that of many modules */
};

static void
check_module(const struct module *m, void *arg)
{
	const struct check *c = arg;
	struct filter *f = module_families(m);

	if (f != NULL && f != c->flags)
		check_filter(f, c->modules);
}

void
families_check(const struct options *o, const struct modules *ms)
{
	struct check c = { ms, o->module.families };

	if (o->module.families != NULL)
		check_filter(o->module.families, ms);
	modules_each(ms, check_module, &c);
}
