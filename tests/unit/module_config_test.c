/* The configuration of a module: what is copied, compared and refused. */
#include "config/module.h"

#include <stdio.h>

#include "config/allow.h"
#include "config/file.h"
#include "scratch.h"

/* A module that says all there is to say. */
static const char usual_keys[] =
    "timeout: 2s, collectors: [slabs], protocol: binary, tls: { ca_file: a, "
    "cert_file: b, key_file: c, server_name: d, min_version: TLS12, "
    "insecure_skip_verify: false }, auth: { type: sasl, username: u, "
    "password_file: p }, targets: ['a:1', 10.0.0.0/8]";

static void
load(struct config *c, const char *keys)
{
	char text[1024];
	struct error e = { 0 };

	(void)snprintf(text, sizeof(text), "modules: { m: { %s } }\n", keys);
	write_file(span_of(text));
	if (config_load(path, c, &e) < 0 || c->len != 1)
		check_text(keys, span_of(e.text), "");
}

/* Whatever differs is a change; the place and a default that is said are none. */
TEST(equal)
{
	static const struct {
		const char *from, *to;
		bool equal;
	} rows[] = {
		{ "timeout: 2s", "\n timeout: 2000ms", true },
		{ "min_version: TLS12, ", "", true },
		{ ", insecure_skip_verify: false", "", true },
		{ "protocol: binary, ", "", true }, /* SASL says so */
		{ "timeout: 2s", "timeout: 3s", false },
		{ "timeout: 2s, ", "", false },
		{ "[slabs]", "[items]", false },
		{ "collectors: [slabs], ", "", false },
		{ "ca_file: a", "ca_file: x", false },
		{ "ca_file: a, ", "", false },
		{ "cert_file: b", "cert_file: x", false },
		{ "key_file: c", "key_file: x", false },
		{ "server_name: d", "server_name: x", false },
		{ "TLS12", "TLS13", false },
		{ "verify: false", "verify: true", false },
		{ "username: u", "username: x", false },
		{ "password_file: p", "password_file: x", false },
		{ "'a:1', ", "", false },
		{ "'a:1', 10.0.0.0/8", "10.0.0.0/8, 'a:1'", false },
		{ "10.0.0.0/8", "10.0.0.0/9", false },
		{ ", targets: ['a:1', 10.0.0.0/8]", "", false },
	};
	struct config usual;

	load(&usual, usual_keys);
	for (EACH(r, rows)) {
		const char *at = strstr(usual_keys, r->from);
		struct module_config copy;
		char text[1024];
		struct config c;

		(void)snprintf(text, sizeof(text), "%.*s%s%s",
		    (int)(at - usual_keys), usual_keys, r->to,
		    at + strlen(r->from));
		if (strstr(text, "targets") == NULL) /* auth needs them */
			*strstr(text, ", auth") = '\0';
		load(&c, text);
		module_config_copy(&copy, &c.modules[0]);
		config_free(&c);
		check_number(text,
		    module_config_equal(&copy, &usual.modules[0]), r->equal);
		check_number(text,
		    module_config_equal(&usual.modules[0], &copy), r->equal);
		module_config_free(&copy);
	}
	config_free(&usual);
}

TEST(rules)
{
	const struct {
		const char *name;
		struct module_config m;
		const char *flags;
	} rows[] = {
		{ "nothing", { 0 }, NULL },
		{ "sasl", { .auth = AUTH_SASL }, NULL },
		{ "sasl in ascii", { .auth = AUTH_SASL, .has_protocol = true },
		    "--memcached.auth=sasl needs --memcached.protocol=binary" },
		{ "ascii in binary",
		    { .has_auth = true,
			.has_targets = true,
			.username = (char[]){ "u" },
			.password_file = (char[]){ "p" },
			.protocol = PROTOCOL_BINARY },
		    "--memcached.protocol=binary authenticates with "
		    "--memcached.auth=sasl alone" },
		{ "no password",
		    { .has_auth = true,
			.has_targets = true,
			.username = (char[]){ "u" } },
		    "--memcached.username and --memcached.password-file go "
		    "together" },
		{ "nowhere to go",
		    { .has_auth = true,
			.username = (char[]){ "u" },
			.password_file = (char[]){ "p" } },
		    "--memcached.username needs a --memcached.address" },
		{ "no key", { .tls.cert_file = (char[]){ "c" } },
		    "a client certificate needs both "
		    "--memcached.tls.cert-file and --memcached.tls.key-file" },
	};

	for (EACH(r, rows)) {
		struct module_config m = r->m;
		const struct module_rule *broken = module_config_check(&m);

		check_text(r->name,
		    span_of(broken != NULL ? broken->flags : ""),
		    r->flags != NULL ? r->flags : "");
		if (strcmp(r->name, "sasl") == 0)
			check_number(r->name, m.protocol, PROTOCOL_BINARY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(equal), T(rules) };

	return cmocka_run_group_tests_name(
	    "module_config", tests, make_folder, remove_folder);
}
