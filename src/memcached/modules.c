#include "memcached/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "config/allow.h"
#include "config/file.h"
#include "config/module.h"
#include "config/options.h"
#include "config/secret.h"
#include "memcached/peer.h"
#include "memcached/tls.h"
#include "stats/filter.h"
#include "stats/plan.h"

struct module {
	unsigned holds;
	uint64_t serial; /* of the newest set that it belongs to */
	struct module_config config;
	bool is_flags; /* for --memcached.address, with its credentials */
	const struct allow *flag_list; /* --scrape.allow-target */
	struct digest files;           /* of TLS, before they were read */
	char *password;
	struct access access;
	struct probe *probe; /* NULL: none */
	struct plans *plans; /* that have been asked so far */
};

struct modules {
	unsigned holds;
	uint64_t serial;      /* one more than that of the set before */
	struct module *own;   /* for --memcached.address */
	struct module **list; /* those that have a name */
	size_t len;
	struct authorities *loading; /* those that have been read so far */
};

struct module *
module_hold(struct module *m)
{
	m->holds++;
	return m;
}

void
module_release(struct module *m)
{
	if (m == NULL || --m->holds > 0)
		return;
	plans_free(m->plans);
	probe_release(m->probe);
	module_config_free(&m->config);
	tls_free(m->access.tls);
	secret_free(m->password);
	free(m);
}

/* Reads the files that its configuration names. */
static int
read_files(struct module *m, struct authorities *shared, struct error *e)
{
	const struct module_config *c = &m->config;

	if (c->has_tls) {
		tls_digest(&c->tls, &m->files);
		m->access.tls = tls_new(&c->tls, shared, e);
		if (m->access.tls == NULL)
			return -1;
	}
	if (c->has_auth && secret_read(c->password_file, &m->password, e) < 0)
		return -1;
	m->access.protocol = c->protocol;
	m->access.username = c->has_auth ? c->username : NULL;
	m->access.password = m->password;
	return 0;
}

static void
make_plans(struct module *m, const struct options *o)
{
	const struct module_config *c = &m->config;

	if (c->has_probe)
		m->probe = probe_new(c->probe_key, c->probe_write,
		    c->protocol == PROTOCOL_BINARY);
	m->plans = plans_new_with((unsigned)o->prefixes_max, c->gets, m->probe);
}

/* c is copied; what it leaves open is as the flags have it. */
static struct module *
module_new(const struct module_config *c, const struct options *o,
    bool is_flags, struct authorities *shared, struct error *e)
{
	struct module *m = xcalloc(1, sizeof(*m));

	m->holds = 1;
	m->is_flags = is_flags;
	m->flag_list = o->allow;
	module_config_copy(&m->config, c);
	if (c->timeout_us == 0)
		m->config.timeout_us = o->module.timeout_us;
	if (c->collectors == 0)
		m->config.collectors = o->module.collectors;
	if (c->families == NULL)
		m->config.families = filter_hold(o->module.families);
	if (read_files(m, shared, e) < 0) {
		module_release(m);
		return NULL;
	}
	make_plans(m, o);
	return m;
}

static bool
is_unchanged(const struct module *a, const struct module *b)
{
	return a->is_flags == b->is_flags &&
	       module_config_equal(&a->config, &b->config) &&
	       digest_equal(&a->files, &b->files) &&
	       is_same(a->password, b->password);
}

/* The old one of a name, or the new one, which is taken. */
static struct module *
keep_old(struct module *old, struct module *new)
{
	if (old == NULL || !is_unchanged(old, new))
		return new;
	module_release(new);
	return module_hold(old);
}

static struct module *
find(const struct modules *ms, const char *name)
{
	for (size_t i = 0; ms != NULL && i < ms->len; i++) {
		if (strcmp(ms->list[i]->config.name, name) == 0)
			return ms->list[i];
	}
	return NULL;
}

static int
add(struct modules *ms, const struct modules *old,
    const struct module_config *c, const struct options *o, struct error *e)
{
	struct module *m = module_new(c, o, false, ms->loading, e);

	if (m == NULL)
		return -1;
	ms->list[ms->len++] = keep_old(find(old, c->name), m);
	return 0;
}

static int
add_listed(struct modules *ms, const struct modules *old,
    const struct config *config, const struct options *o, struct error *e)
{
	ms->list = xcalloc(config->len + 1, sizeof(struct module *));
	for (size_t i = 0; i < config->len; i++) {
		const struct module_config *c = &config->modules[i];
		struct error why;

		if (add(ms, old, c, o, &why) < 0)
			return error_set(e, "%s: module %s: %s", c->place,
			    c->name, why.text);
	}
	return 0;
}

/*
 * Without a module of that name the flags say what is done by default; their
 * password is for --memcached.address alone.
 */
static int
add_flags(struct modules *ms, const struct modules *old,
    const struct options *o, struct error *e)
{
	struct module_config for_others;
	struct module *m;
	int r;

	module_config_copy(&for_others, &o->module);
	for_others.has_auth = false;
	r = add(ms, old, &for_others, o, e);
	module_config_free(&for_others);
	if (r < 0)
		return -1;
	m = module_new(&o->module, o, true, ms->loading, e);
	if (m == NULL)
		return -1;
	ms->own = keep_old(old != NULL ? old->own : NULL, m);
	return 0;
}

/* Two sayings about one thing are one too many. */
static int
check_default(const struct module *m, const struct options *o, struct error *e)
{
	const struct option *flag = options_connecting(o);

	if (flag != NULL)
		return error_set(e,
		    "--%s has no effect beside a module %s: only one may say "
		    "how to connect",
		    flag->name, MODULE_DEFAULT);
	if (o->has_target && m->config.targets != NULL &&
	    allow_target(m->config.targets, &o->target) == ALLOW_NO)
		return error_set(e,
		    "module %s: --memcached.address is not one of its targets",
		    MODULE_DEFAULT);
	return 0;
}

static int
build(struct modules *ms, const struct modules *old,
    const struct config *config, const struct options *o, struct error *e)
{
	struct module *preset;

	if (add_listed(ms, old, config, o, e) < 0)
		return -1;
	preset = find(ms, MODULE_DEFAULT);
	if (preset == NULL)
		return add_flags(ms, old, o, e);
	ms->own = module_hold(preset);
	return check_default(preset, o, e);
}

static void
number(struct modules *ms, const struct modules *old)
{
	ms->serial = old != NULL ? old->serial + 1 : 1;
	for (size_t i = 0; i < ms->len; i++)
		ms->list[i]->serial = ms->serial;
	ms->own->serial = ms->serial;
}

int
modules_load(const struct options *o, const struct config *config,
    const struct modules *old, struct modules **out, struct error *e)
{
	struct modules *ms = xcalloc(1, sizeof(*ms));
	int r;

	ms->holds = 1;
	ms->loading = authorities_new();
	r = build(ms, old, config, o, e);
	authorities_free(ms->loading);
	ms->loading = NULL;
	if (r < 0) {
		modules_release(ms);
		return -1;
	}
	number(ms, old);
	*out = ms;
	return 0;
}

void
modules_hold(struct modules *ms)
{
	ms->holds++;
}

void
modules_release(struct modules *ms)
{
	if (ms == NULL || --ms->holds > 0)
		return;
	for (size_t i = 0; i < ms->len; i++)
		module_release(ms->list[i]);
	module_release(ms->own);
	free(ms->list);
	free(ms);
}

struct module *
modules_own(const struct modules *ms)
{
	return ms->own;
}

struct module *
modules_find(const struct modules *ms, const char *name)
{
	return find(ms, is_set(name) ? name : MODULE_DEFAULT);
}

size_t
modules_count(const struct modules *ms)
{
	return ms->len;
}

const char *
modules_name(const struct modules *ms, size_t i)
{
	return ms->list[i]->config.name;
}

void
modules_each(const struct modules *ms,
    void (*each)(const struct module *m, void *arg), void *arg)
{
	for (size_t i = 0; i < ms->len; i++)
		each(ms->list[i], arg);
	if (ms->own->is_flags)
		each(ms->own, arg);
}

const char *
module_label(const struct module *m)
{
	return m->is_flags ? "" : m->config.name;
}

uint64_t
module_timeout(const struct module *m)
{
	return m->config.timeout_us;
}

unsigned
module_collectors(const struct module *m)
{
	return m->config.collectors;
}

const struct plan *
module_plan(const struct module *m, unsigned on)
{
	return plans_usual(m->plans, on);
}

const struct plan *
module_cluster_plan(const struct module *m)
{
	return plans_cluster(m->plans);
}

const struct gets *
module_gets(const struct module *m)
{
	return m->config.gets;
}

struct probe *
module_probe(const struct module *m)
{
	return m->probe;
}

struct filter *
module_families(const struct module *m)
{
	return m->config.families;
}

static enum verdict
ask_list(const struct module *m, const struct address *target)
{
	return m->config.targets != NULL
		   ? allow_target(m->config.targets, target)
		   : ALLOW_YES;
}

static void
fill_peer(struct peer *peer, struct module *m, const struct address *target,
    enum verdict flag, enum verdict module)
{
	*peer = (struct peer){ .address = *target,
		.module = m,
		.check_flag_list = flag == ALLOW_RESOLVED,
		.check_module_list = module == ALLOW_RESOLVED,
		.access = &m->access };
}

int
module_peer(struct module *m, const struct address *target, bool own,
    struct peer *peer, struct error *e)
{
	enum verdict flag =
	    own ? ALLOW_YES : allow_target(m->flag_list, target);
	enum verdict module = ask_list(m, target);

	if (flag == ALLOW_NO || module == ALLOW_NO)
		return error_because(
		    e, REASON_FORBIDDEN, "This target is not allowed.");
	fill_peer(peer, m, target, flag, module);
	return 0;
}

bool
modules_has(const struct modules *ms, const struct module *m)
{
	return m->serial == ms->serial;
}

/* The flags have not changed, and neither has what their list says. */
bool
modules_heir(
    const struct modules *ms, const struct peer *old, struct peer *heir)
{
	struct module *m = old->module->is_flags
			       ? ms->own
			       : find(ms, old->module->config.name);
	enum verdict module;

	if (m == NULL)
		return false;
	module = ask_list(m, &old->address);
	fill_peer(heir, m, &old->address,
	    old->check_flag_list ? ALLOW_RESOLVED : ALLOW_YES, module);
	return module != ALLOW_NO;
}

bool
peer_allows(const struct peer *peer, const struct endpoint *ep)
{
	const struct module *m = peer->module;

	return (!peer->check_flag_list || allow_endpoint(m->flag_list, ep)) &&
	       (!peer->check_module_list ||
		   allow_endpoint(m->config.targets, ep));
}
