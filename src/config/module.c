#include "config/module.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/allow.h"
#include "stats/filter.h"
#include "stats/metric_query.h"

#define FIELD(name) offsetof(struct module_config, name)

/* What is owned and compared as text. */
static const size_t texts[] = {
	FIELD(name), FIELD(tls.cert_file), FIELD(tls.key_file),
	FIELD(tls.ca_file), FIELD(tls.server_name), FIELD(username),
	FIELD(password_file), FIELD(probe_key),
	FIELD(place), /* the last: not compared */
};
#define TEXTS_COMPARED (nitems(texts) - 1)

static char **
text_of(struct module_config *m, size_t i)
{
	return (char **)((char *)m + texts[i]);
}

static const char *
text_at(const struct module_config *m, size_t i)
{
	const char *text = *(const char *const *)((const char *)m + texts[i]);

	return text != NULL ? text : "";
}

void
module_config_init(struct module_config *m)
{
	*m = (struct module_config){ .tls.min_version = TLS_VERSION_12 };
}

void
module_config_copy(struct module_config *to, const struct module_config *from)
{
	*to = *from;
	for (size_t i = 0; i < nitems(texts); i++)
		*text_of(to, i) = xstrdup(text_at(from, i));
	to->targets = allow_hold(from->targets);
	to->gets = gets_hold(from->gets);
	to->families = filter_hold(from->families);
}

void
module_config_free(struct module_config *m)
{
	for (size_t i = 0; i < nitems(texts); i++)
		free(*text_of(m, i));
	allow_free(m->targets);
	gets_release(m->gets);
	filter_free(m->families);
	module_config_init(m);
}

bool
module_config_equal(
    const struct module_config *a, const struct module_config *b)
{
	for (size_t i = 0; i < TEXTS_COMPARED; i++) {
		if (strcmp(text_at(a, i), text_at(b, i)) != 0)
			return false;
	}
	return a->timeout_us == b->timeout_us &&
	       a->collectors == b->collectors && a->has_tls == b->has_tls &&
	       a->tls.min_version == b->tls.min_version &&
	       a->tls.insecure == b->tls.insecure &&
	       a->protocol == b->protocol && a->has_auth == b->has_auth &&
	       a->auth == b->auth && a->has_probe == b->has_probe &&
	       a->probe_write == b->probe_write &&
	       allow_equal(a->targets, b->targets) &&
	       gets_equal(a->gets, b->gets) &&
	       filter_equal(a->families, b->families);
}

static bool
half_certificate(const struct module_config *m)
{
	return is_set(m->tls.cert_file) != is_set(m->tls.key_file);
}

static bool
half_credentials(const struct module_config *m)
{
	return m->has_auth &&
	       !(is_set(m->username) && is_set(m->password_file));
}

static bool
sasl_in_ascii(const struct module_config *m)
{
	return m->auth == AUTH_SASL && m->protocol == PROTOCOL_ASCII;
}

static bool
ascii_in_binary(const struct module_config *m)
{
	return m->has_auth && m->auth == AUTH_ASCII &&
	       m->protocol == PROTOCOL_BINARY;
}

static bool
credentials_for_all(const struct module_config *m)
{
	return m->has_auth && !m->has_targets;
}

static bool
write_without_key(const struct module_config *m)
{
	return m->probe_write && !is_set(m->probe_key);
}

static const struct module_rule rules[] = {
	{ half_certificate,
	    "a client certificate needs both --memcached.tls.cert-file and "
	    "--memcached.tls.key-file",
	    "expected both cert_file and key_file, or neither", { "tls" } },
	{ half_credentials,
	    "--memcached.username and --memcached.password-file go together",
	    "expected both username and password_file", { "auth" } },
	{ sasl_in_ascii,
	    "--memcached.auth=sasl needs --memcached.protocol=binary",
	    "auth of type sasl needs protocol binary", { "auth", "protocol" } },
	{ ascii_in_binary,
	    "--memcached.protocol=binary authenticates with "
	    "--memcached.auth=sasl alone",
	    "protocol binary authenticates with auth of type sasl alone",
	    { "auth", "protocol" } },
	{ credentials_for_all,
	    "--memcached.username needs a --memcached.address",
	    "a module with auth needs targets: where its password may go",
	    { "auth" } },
	{ write_without_key, "", "a probe that writes needs a key",
	    { "probe" } },
};

const struct module_rule *
module_config_check(struct module_config *m)
{
	if (m->auth == AUTH_SASL && !m->has_protocol)
		m->protocol = PROTOCOL_BINARY;
	for (size_t i = 0; i < nitems(rules); i++) {
		if (rules[i].is_broken(m))
			return &rules[i];
	}
	return NULL;
}
