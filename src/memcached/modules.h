/*
 * Modules at work: what --config.file and the flags say about how to scrape,
 * with their certificates and passwords read. A reload makes a new set, which
 * shares the modules that are as they were; a module lives on until its last
 * target is gone.
 */
#ifndef MEMCACHED_MODULES_H
#define MEMCACHED_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct address;
struct config;
struct endpoint;
struct filter;
struct gets;
struct module;
struct modules;
struct options;
struct peer;
struct plan;
struct probe;

/*
 * Reads the files that the configuration and the flags name. What has not
 * changed is shared with `old`, the set before, or NULL. The options must
 * outlive the modules. The new set begins with one hold.
 */
int modules_load(const struct options *o, const struct config *config,
    const struct modules *old, struct modules **out, struct error *e);
void modules_hold(struct modules *ms);
void modules_release(struct modules *ms);

/* The module for --memcached.address. */
struct module *modules_own(const struct modules *ms);

/*
 * The module of a name, or NULL when there is none; without a name (NULL, "")
 * "default", which is always there.
 */
struct module *modules_find(const struct modules *ms, const char *name);

/* How many have a name that a request may pick, and the names. */
size_t modules_count(const struct modules *ms);
const char *modules_name(const struct modules *ms, size_t i);

void modules_each(const struct modules *ms,
    void (*each)(const struct module *m, void *arg), void *arg);

struct module *module_hold(struct module *m);
void module_release(struct module *m); /* takes NULL */

/* Its name; "" when it is the flags', for --memcached.address alone. */
const char *module_label(const struct module *m);
uint64_t module_timeout(const struct module *m);
unsigned module_collectors(const struct module *m);

/* What it asks for a set of collectors, its queries and probe included. */
const struct plan *module_plan(const struct module *m, unsigned on);

/* What it asks for the nodes of a cluster. */
const struct plan *module_cluster_plan(const struct module *m);

/* Its probe; NULL: none. Borrowed. */
struct probe *module_probe(const struct module *m);

/* Which metrics its scrapes show; NULL: all. Borrowed. */
struct filter *module_families(const struct module *m);

/* Its queries; NULL: none. Borrowed. */
const struct gets *module_gets(const struct module *m);

/*
 * What a target is in this module: fills peer, borrowed from the module. -1,
 * with REASON_FORBIDDEN, when that is not allowed. The own target needs only
 * the module's leave.
 */
int module_peer(struct module *m, const struct address *target, bool own,
    struct peer *peer, struct error *e);

/* Whether a module is one of this set, the newest of all. */
bool modules_has(const struct modules *ms, const struct module *m);

/*
 * What a target that belongs to no module of ms any more is in ms: false when
 * its module has no successor there, or allows it no longer.
 */
bool modules_heir(
    const struct modules *ms, const struct peer *old, struct peer *heir);

/* Whether a peer may be reached at one of its addresses. */
bool peer_allows(const struct peer *peer, const struct endpoint *ep);

#endif
