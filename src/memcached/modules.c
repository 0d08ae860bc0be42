#include "memcached/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "config/collectors.h"
#include "config/file.h"
#include "config/options.h"
#include "config/secret.h"
#include "memcached/access.h"

#define DEFAULT_NAME "default"

struct module {
	char *name;
	uint64_t timeout_us;
	unsigned sections;
	bool binary;
	struct tls *tls;
	char *username;
	char *password;
	const struct allow *flag; /* --scrape.allow-target, or NULL */
	struct allow *targets;    /* the module's own, or NULL */
	/* by whether addresses have to pass the flag's list, and its own */
	struct access access[2][2];
};

struct modules {
	unsigned holds;
	struct module own; /* the flags', for --memcached.address alone */
	struct module *list;
	size_t len;
};

static void
fill_access(struct modules *ms, struct module *m, const char *name)
{
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 2; k++)
			m->access[i][k] = (struct access){ .owner = ms,
				.module = name,
				.tls = m->tls,
				.binary = m->binary,
				.username = m->username,
				.password = m->password,
				.allow = { i ? m->flag : NULL,
				    k ? m->targets : NULL } };
	}
}

static int
set_credentials(
    struct module *m, const char *username, const char *file, struct error *e)
{
	if (username == NULL || username[0] == '\0')
		return 0;
	m->username = xstrdup(username);
	return secret_read(file, &m->password, e);
}

static int
set_tls(struct module *m, bool wanted, const struct tls_settings *tls,
    struct error *e)
{
	if (!wanted)
		return 0;
	m->tls = tls_new(tls, e);
	return m->tls != NULL ? 0 : -1;
}

static void
set_presets(
    struct module *m, const char *name, const struct module_presets *presets)
{
	m->name = xstrdup(name);
	m->timeout_us = presets->timeout_us;
	m->sections = presets->sections;
	m->flag = presets->allow;
}

static const char *
text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static int
set_module(struct module *m, const struct module_config *c,
    const struct module_presets *presets, struct error *e)
{
	struct tls_settings tls = { .ca_file = text_or_empty(c->tls_ca_file),
		.cert_file = text_or_empty(c->tls_cert_file),
		.key_file = text_or_empty(c->tls_key_file),
		.server_name = text_or_empty(c->tls_server_name),
		.min_version = text_or_empty(c->tls_min_version),
		.insecure = c->tls_insecure };

	set_presets(m, c->name, presets);
	if (c->timeout_us != 0)
		m->timeout_us = c->timeout_us;
	if (c->has_collectors)
		m->sections = c->sections;
	m->binary = c->binary;
	if (set_tls(m, c->has_tls, &tls, e) < 0)
		return -1;
	return set_credentials(m, c->username, c->password_file, e);
}

/* Without a module of that name the flags say what is done by default. */
static int
set_flags(
    struct modules *ms, const struct module_presets *presets, struct error *e)
{
	struct module *m = &ms->list[ms->len++];

	set_presets(m, DEFAULT_NAME, presets);
	set_presets(&ms->own, DEFAULT_NAME, presets);
	m->binary = ms->own.binary = presets->binary;
	if (set_tls(m, presets->has_tls, &presets->tls, e) < 0)
		return -1;
	ms->own.tls = m->tls; /* borrowed */
	return set_credentials(
	    &ms->own, presets->username, presets->password_file, e);
}

/* Two sayings about one thing are one too many. */
static int
check_default(const struct module *m, const struct module_presets *presets,
    struct error *e)
{
	if (presets->has_tls || presets->binary || presets->username[0] != '\0')
		return error_set(e,
		    "module default and the flags --memcached.tls.*, "
		    "--memcached.username, .auth or .protocol: only one may "
		    "say how to connect");
	if (presets->has_target && m->targets != NULL &&
	    allow_target(m->targets, &presets->target) == ALLOW_NO)
		return error_set(e,
		    "module default: --memcached.address is not one of its "
		    "targets");
	return 0;
}

static int
build(struct modules *ms, const struct config *config,
    const struct module_presets *presets, struct error *e)
{
	const struct module *preset;

	for (size_t i = 0; i < config->len; i++) {
		const struct module_config *c = &config->modules[i];
		struct error why;

		if (set_module(&ms->list[ms->len++], c, presets, &why) < 0)
			return error_set(e, "%s: module %s: %s", c->place,
			    c->name, why.text);
	}
	preset = modules_find(ms, NULL);
	if (preset != NULL)
		return check_default(preset, presets, e);
	return set_flags(ms, presets, e);
}

int
modules_new(const struct config *config, const struct module_presets *presets,
    struct modules **out, struct error *e)
{
	struct modules *ms = xcalloc(1, sizeof(*ms));

	ms->holds = 1;
	ms->list = xcalloc(config->len + 1, sizeof(*ms->list));
	for (size_t i = 0; i < config->len; i++)
		ms->list[i].targets = allow_hold(config->modules[i].targets);
	if (build(ms, config, presets, e) < 0) {
		modules_release(ms);
		return -1;
	}
	for (size_t i = 0; i < ms->len; i++)
		fill_access(ms, &ms->list[i], ms->list[i].name);
	fill_access(ms, &ms->own, "");
	*out = ms;
	return 0;
}

static unsigned
sections_of(const struct options *o)
{
	unsigned sections = SECTIONS_ALWAYS;

	if (o->collect_settings)
		sections |= collector_section("settings");
	if (o->collect_slab)
		sections |= collector_section("slab");
	if (o->collect_scrub)
		sections |= collector_section("scrub");
	return sections;
}

int
modules_load(const struct options *o, struct modules **ms, struct error *e)
{
	struct module_presets presets = { .timeout_us = o->timeout_us,
		.sections = sections_of(o),
		.has_target = o->has_target,
		.target = o->target,
		.allow = o->allow,
		.binary = o->protocol || o->auth,
		.has_tls = o->tls_enable,
		.tls = { .cert_file = o->tls_cert_file,
		    .key_file = o->tls_key_file,
		    .ca_file = o->tls_ca_file,
		    .server_name = o->tls_server_name,
		    .min_version = "",
		    .insecure = o->tls_insecure },
		.username = o->username,
		.password_file = o->password_file };
	struct config config;
	int r = config_load(o->config_file, &config, e);

	if (r == 0)
		r = modules_new(&config, &presets, ms, e);
	config_free(&config);
	return r;
}

static void
module_release(struct module *m)
{
	free(m->name);
	tls_free(m->tls);
	free(m->username);
	secret_free(m->password);
	allow_free(m->targets);
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
		module_release(&ms->list[i]);
	ms->own.tls = NULL;
	module_release(&ms->own);
	free(ms->list);
	free(ms);
}

const struct module *
modules_own(const struct modules *ms)
{
	return ms->own.name != NULL ? &ms->own : modules_find(ms, NULL);
}

const struct module *
modules_find(const struct modules *ms, const char *name)
{
	if (name == NULL || name[0] == '\0')
		name = DEFAULT_NAME;
	for (size_t i = 0; i < ms->len; i++) {
		if (strcmp(ms->list[i].name, name) == 0)
			return &ms->list[i];
	}
	return NULL;
}

size_t
modules_count(const struct modules *ms)
{
	return ms->len;
}

const char *
modules_name(const struct modules *ms, size_t i)
{
	return ms->list[i].name;
}

uint64_t
module_timeout(const struct module *m)
{
	return m->timeout_us;
}

unsigned
module_sections(const struct module *m)
{
	return m->sections;
}

static enum verdict
ask(const struct allow *allow, const struct address *target)
{
	return allow != NULL ? allow_target(allow, target) : ALLOW_YES;
}

const struct access *
module_access(const struct module *m, const struct address *target, bool own,
    struct error *e)
{
	enum verdict flag = own ? ALLOW_YES : allow_target(m->flag, target);
	enum verdict module = ask(m->targets, target);

	if (flag == ALLOW_NO || module == ALLOW_NO) {
		(void)error_because(
		    e, REASON_FORBIDDEN, "This target is not allowed.");
		return NULL;
	}
	return &m->access[flag == ALLOW_RESOLVED][module == ALLOW_RESOLVED];
}
