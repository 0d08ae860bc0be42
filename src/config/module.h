/*
 * The configuration of a module, which is a way to scrape. --config.file has
 * any number of them, and the flags fill the one that is named `default`.
 * memcached/modules.h makes use of it.
 */
#ifndef CONFIG_MODULE_H
#define CONFIG_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/protocol.h"

/* The module of a request that names none. */
#define MODULE_DEFAULT "default"

struct allow;
struct filter;
struct gets;

/* All text here and below may be NULL or "" for what is not set. */
struct tls_settings {
	char *cert_file; /* PEM; with key_file */
	char *key_file;
	char *ca_file;     /* PEM; else the system's authorities */
	char *server_name; /* to verify instead of the target's host */
	enum tls_version min_version;
	bool insecure; /* verify nothing */
};

struct module_config {
	char *name;
	char *place;         /* "file:line:column"; not set by the flags */
	uint64_t timeout_us; /* 0: as the flags have it */
	unsigned collectors; /* that are on, 1 << section; 0: the same */
	bool has_tls;
	struct tls_settings tls;
	bool has_protocol; /* it was given; SASL implies it */
	enum protocol protocol;
	bool has_auth;
	enum auth_method auth;
	char *username;
	char *password_file;
	bool has_targets;      /* it is known where its password may go */
	struct allow *targets; /* NULL: all; with a hold */
	struct gets *gets;     /* of its queries; NULL: none; with a hold */
	bool has_probe;
	char *probe_key;
	bool probe_write;
	/* of the metrics; NULL: as the flags have it; with a hold */
	struct filter *families;
};

/* Nothing is set; min_version is what memcached has. */
void module_config_init(struct module_config *m);
void module_config_copy(
    struct module_config *to, const struct module_config *from);
void module_config_free(struct module_config *m); /* what it owns */

/* The same but for the place; files are told apart by their names alone. */
bool module_config_equal(
    const struct module_config *a, const struct module_config *b);

/* What the keys of a module or the flags may not say together. */
struct module_rule {
	bool (*is_broken)(const struct module_config *m);
	const char *flags;   /* a sentence in their words */
	const char *file;    /* and in those of --config.file */
	const char *keys[2]; /* of a module there, the second or NULL */
};

/*
 * Completes what follows from something else. The rule that is broken, or
 * NULL.
 */
const struct module_rule *module_config_check(struct module_config *m);

#endif
