#include "setup.h"

#include <stddef.h>

#include "config/file.h"
#include "config/options.h"
#include "memcached/modules.h"
#include "pools/pools.h"

int
setup_load(const struct options *o, const struct setup *old, struct setup *out,
    struct error *e)
{
	struct setup s = { 0 };
	struct config config;
	int r = config_load(o->config_file, &config, e);

	if (r == 0)
		r = modules_load(o, &config, old != NULL ? old->modules : NULL,
		    &s.modules, e);
	if (r == 0)
		r = pools_load(&config.pools, s.modules,
		    old != NULL ? old->pools : NULL, &s.pools, e);
	config_free(&config);
	if (r == 0)
		*out = s;
	else
		setup_release(&s);
	return r;
}

void
setup_copy(struct setup *to, const struct setup *from)
{
	modules_hold(from->modules);
	pools_hold(from->pools);
	*to = *from;
}

void
setup_release(struct setup *s)
{
	pools_release(s->pools);
	modules_release(s->modules);
	*s = (struct setup){ 0 };
}
