/*
 * Modules at work: what --config.file and the flags say about how to scrape,
 * with their certificates and passwords read. A reload makes a new set; the
 * old one lives on until its last target is gone.
 */
#ifndef MEMCACHED_MODULES_H
#define MEMCACHED_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "memcached/tls.h"

struct access;
struct allow;
struct config;
struct module;
struct modules;
struct options;

/* What the flags say, and modules do not say otherwise. Borrowed. */
struct module_presets {
	uint64_t timeout_us;
	unsigned sections; /* 1 << section */
	bool has_target;   /* --memcached.address */
	struct address target;
	const struct allow *allow; /* --scrape.allow-target, or NULL */
	bool binary;               /* protocol */
	bool has_tls;
	struct tls_settings tls;
	const char *username;      /* "" = none */
	const char *password_file; /* "" = none */
};

/*
 * Reads the files that both name. presets->allow must outlive the modules;
 * config is not needed afterwards. They begin with one hold.
 */
int modules_new(const struct config *config,
    const struct module_presets *presets, struct modules **out,
    struct error *e);

/* The same, of what --config.file holds and the flags say. */
int modules_load(
    const struct options *o, struct modules **out, struct error *e);

void modules_hold(struct modules *ms);
void modules_release(struct modules *ms);

/* The module for --memcached.address. */
const struct module *modules_own(const struct modules *ms);

/*
 * The module of a name, or NULL when there is none; without a name (NULL, "")
 * "default", which is always there.
 */
const struct module *modules_find(const struct modules *ms, const char *name);

/* How many have a name that a request may pick, and the names. */
size_t modules_count(const struct modules *ms);
const char *modules_name(const struct modules *ms, size_t i);

uint64_t module_timeout(const struct module *m);
unsigned module_sections(const struct module *m);

/*
 * How to speak to a target, which it holds; NULL, with REASON_FORBIDDEN, when
 * that is not allowed. The own target needs only the module's leave.
 */
const struct access *module_access(const struct module *m,
    const struct address *target, bool own, struct error *e);

#endif
