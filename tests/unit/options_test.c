#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/arguments.h"
#include "config/environment.h"
#include "config/option_type.h"
#include "support.h"

#define ROW_ARGUMENTS 5
#define TLS "--memcached.tls."

static void
add_line(const char *text, void *arg)
{
	buf_printf(arg, "%s\n", text);
}

TEST(without_effect)
{
	static const struct {
		const char *arguments[ROW_ARGUMENTS];
		const char *told;
	} rows[] = {
		{ { NULL }, "" },
		{ { TLS "enable", TLS "ca-file=a", TLS "server-name=b" }, "" },
		{ { TLS "ca-file=a" },
		    TLS "ca-file has no effect without " TLS "enable\n" },
		{ { TLS "cert-file=a", TLS "key-file=b" },
		    TLS "cert-file has no effect without " TLS "enable\n" TLS
			"key-file has no effect without " TLS "enable\n" },
		{ { "--no-memcached.tls.enable", TLS "server-name=b" },
		    TLS "server-name has no effect without " TLS "enable\n" },
		{ { TLS "insecure-skip-verify" },
		    TLS "insecure-skip-verify has no effect without " TLS
			"enable\n" },
		{ { TLS "insecure-skip-verify=false", TLS "ca-file=" }, "" },
		{ { TLS "enable", TLS "insecure-skip-verify", TLS "ca-file=a" },
		    TLS "ca-file has no effect beside " TLS
			"insecure-skip-verify\n" },
		{ { "--web.socket-mode=0660" },
		    "--web.socket-mode has no effect: no --web.listen-address "
		    "is a unix socket\n" },
		{ { "--web.socket-mode=0660", "--web.listen-address=:1",
		      "--web.listen-address=unix:/x" },
		    "" },
		{ { "--web.socket-mode=" }, "" },
		{ { "--web.socket-mode=0660", "--web.systemd-socket" },
		    "--web.socket-mode has no effect beside "
		    "--web.systemd-socket\n" },
		{ { "--web.listen-address=:1", "--web.systemd-socket" },
		    "--web.listen-address has no effect beside "
		    "--web.systemd-socket\n" },
		{ { "--web.listen-address=:1", "--no-web.systemd-socket" },
		    "" },
	};

	for (EACH(r, rows)) {
		struct options o;
		struct error e;
		struct buf out;
		int n = 0;

		while (n < ROW_ARGUMENTS && r->arguments[n] != NULL)
			n++;
		buf_init(&out, 1 << 10);
		if (arguments_parse(&o, n, r->arguments, &e) < 0)
			buf_add_str(&out, e.text);
		else
			options_without_effect(&o, add_line, &out);
		check_text(n > 0 ? r->arguments[0] : "none", span_of_buf(&out),
		    r->told);
		buf_release(&out);
		options_release(&o);
	}
}

static bool
is_switch(const char *name)
{
	const struct option *o = options_find(name, strlen(name));

	return o != NULL && o->type->is_switch;
}

/* The names of other flags in a row are of switches. */
TEST(rows)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *o = &options_table[i];

		check(o->name, o->needs == NULL || is_switch(o->needs));
		check(o->name,
		    o->void_beside == NULL || is_switch(o->void_beside));
		check(o->name, !o->asks || o->type->is_switch);
		check(o->name, o->max >= o->min);
	}
}

/* Of our prefix; what Kubernetes makes for a service of our name is known. */
TEST(unknown_variables)
{
	static const struct {
		const char *name;
		bool is_told;
	} rows[] = {
		{ "OPTS", true },
		{ "ARGS", true },
		{ "MEMCACHED_ADRESS", true },
		{ "memcached_address", true },
		{ "LOG_LEVEL ", true },
		{ "", true },
		{ "PORTS", true },
		{ "EXPORT", true },
		{ "A_VERY_LONG_NAME_THAT_NO_FLAG_HAS_SINCE_IT_IS_LONGER_THAN_"
		  "THE_"
		  "LONGEST_OF_THEM",
		    true },
		{ "LOG_LEVEL", false },
		{ "MEMCACHED_TLS_INSECURE_SKIP_VERIFY", false },
		{ "VERSION", false },
		{ "HELP", false },
		{ "PORT", false },
		{ "SERVICE_HOST", false },
		{ "SERVICE_PORT", false },
		{ "SERVICE_PORT_HTTP", false },
		{ "PORT_9150_TCP", false },
		{ "PORT_9150_TCP_ADDR", false },
		{ "WEB_PORT", false },
		{ "WEB_PORT_9150_TCP_PROTO", false },
		{ "WEB_SERVICE_HOST", false },
	};

	for (EACH(r, rows)) {
		char name[128], wanted[130];
		struct buf out;

		(void)clearenv();
		(void)setenv("MEMCACHED_EXPORTERS", "1", 1);
		(void)setenv("PATH", "/", 1);
		(void)snprintf(
		    name, sizeof(name), ENVIRONMENT_PREFIX "%s", r->name);
		(void)snprintf(wanted, sizeof(wanted), "%s\n", name);
		(void)setenv(name, "tcp://10.0.0.1:9150", 1);
		buf_init(&out, 1 << 10);
		environment_unknown(add_line, &out);
		check_text(
		    r->name, span_of_buf(&out), r->is_told ? wanted : "");
		buf_release(&out);
		(void)clearenv();
	}
}

TESTS("options", T(without_effect), T(rows), T(unknown_variables))
