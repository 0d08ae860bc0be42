#include "families.h"

#include "base/log.h"
#include "config/options.h"
#include "memcached/modules.h"
#include "pools/pools.h"
#include "pools/pools_text.h"
#include "self.h"
#include "setup.h"
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
see_queries(const struct gets *gets, struct filter *f)
{
	for (size_t i = 0; gets != NULL && i < gets->queries_len; i++)
		filter_see(f, gets->queries[i]->name);
}

static void
see_module(const struct module *m, void *arg)
{
	see_queries(module_gets(m), arg);
}

static void
warn(const char *place, const char *glob, void *arg)
{
	(void)arg;
	log_warn("No metric that may be left out has such a name", "place",
	    place, "glob", glob);
}

static void
check_filter(struct filter *f, const struct setup *setup)
{
	each_family(see, f);
	modules_each(setup->modules, see_module, f);
	for (size_t i = 0; i < pools_count(setup->pools); i++)
		see_queries(pool_gets(pools_at(setup->pools, i)), f);
	filter_unmatched(f, warn, NULL);
}

struct check {
	const struct setup *setup;
	const struct filter *flags; /* that of many modules */
};

static void
check_module(const struct module *m, void *arg)
{
	const struct check *c = arg;
	struct filter *f = module_families(m);

	if (f != NULL && f != c->flags)
		check_filter(f, c->setup);
}

void
families_check(const struct options *o, const struct setup *setup)
{
	struct check c = { setup, o->module.families };

	if (o->module.families != NULL)
		check_filter(o->module.families, setup);
	modules_each(setup->modules, check_module, &c);
}
