#include "config/options.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/collectors.h"
#include "config/option_type.h"
#include "config/protocol.h"
#include "stats/detail.h"

#define ROW(flag, kind, member, value, text, ...)                              \
	{                                                                      \
		.name = flag, .type = &option_##kind,                          \
		.field = offsetof(struct options, member), .preset = value,    \
		.help = text, __VA_ARGS__                                      \
	}
#define COLLECTOR_ROW(id, word, sub, is_preset, most, kind, text)              \
	ROW("collector." word, collector, module.collectors, #is_preset, text),
#define WORDS(names) .words = (names), .words_len = nitems(names)
#define RANGE(least, most) .min = (least), .max = (most)
#define CONNECTS .connects = true
#define ASKS .asks = true
#define HIDDEN .hidden = true
#define NEEDS_TLS .needs = "memcached.tls.enable"

const struct option options_table[] = {
	ROW("help", switch, help, "false", "Show this help.", ASKS),
	ROW("help-long", switch, help_long, "false", "Show this help.", ASKS,
	    HIDDEN),
	ROW("help-man", switch, help_man, "false", "Say where the manual is.",
	    ASKS, HIDDEN),
	ROW("completion-script-bash", switch, completion[SHELL_BASH], "false",
	    "Print a completion script for bash.", ASKS, HIDDEN),
	ROW("completion-script-zsh", switch, completion[SHELL_ZSH], "false",
	    "Print a completion script for zsh.", ASKS, HIDDEN),
	ROW("completion-script-fish", switch, completion[SHELL_FISH], "false",
	    "Print a completion script for fish.", ASKS, HIDDEN),
	ROW("memcached.address", target, target, "localhost:11211",
	    "Server to scrape: host:port, [IPv6]:port, or the path of a unix "
	    "socket. Empty: none."),
	ROW("memcached.timeout", duration, module.timeout_us, "1s",
	    "Timeout of a scrape. If Prometheus sends a shorter one, "
	    "that counts."),
	ROW("memcached.pid-file", file, pid_file, "",
	    "File with memcached's process id; adds the "
	    "memcached_process_* metrics."),
	ROW("memcached.tls.enable", switch, module.has_tls, "false",
	    "Connect to memcached with TLS, and verify its certificate.",
	    CONNECTS),
	ROW("memcached.tls.cert-file", file, module.tls.cert_file, "",
	    "Client certificate, in PEM.", CONNECTS, NEEDS_TLS),
	ROW("memcached.tls.key-file", file, module.tls.key_file, "",
	    "Key of the client certificate, in PEM.", CONNECTS, NEEDS_TLS),
	ROW("memcached.tls.ca-file", file, module.tls.ca_file, "",
	    "Authorities to trust, in PEM. Empty: the system's.", CONNECTS,
	    NEEDS_TLS, .void_beside = "memcached.tls.insecure-skip-verify"),
	ROW("memcached.tls.server-name", string, module.tls.server_name, "",
	    "Name to verify. Empty: the host of each target.", CONNECTS,
	    NEEDS_TLS),
	ROW("memcached.tls.insecure-skip-verify", switch, module.tls.insecure,
	    "false", "Do not verify the server's certificate. Insecure.",
	    CONNECTS, NEEDS_TLS),
	ROW("memcached.protocol", choice, module.protocol, "ascii",
	    "Protocol to speak; binary is for servers without the text "
	    "protocol.",
	    WORDS(protocol_names), CONNECTS),
	ROW("memcached.auth", choice, module.auth, "ascii",
	    "Authentication method: ascii for memcached -Y; sasl for "
	    "memcached -S, which needs the binary protocol.",
	    WORDS(auth_names), CONNECTS),
	ROW("memcached.username", username, module.username, "",
	    "User to authenticate as; sent only to --memcached.address.",
	    CONNECTS),
	ROW("memcached.password-file", file, module.password_file, "",
	    "File whose first line is the password.", CONNECTS),
	ROW("config.file", file, config_file, "",
	    "YAML file with modules: named ways to scrape."),
	ROW("config.check", switch, config_check, "false",
	    "Check the configuration, report errors, and exit."),
	COLLECTORS_EACH(COLLECTOR_ROW)
	    ROW("collector.detail.max-prefixes", number, prefixes_max, "100",
		"Busiest key prefixes with series of their own; the others are "
		"added up under an empty prefix.",
		RANGE(1, DETAIL_PREFIXES_MAX)),
	{ .name = "collector.slab",
	    .type = &option_switch,
	    .hidden = true,
	    .stands_for = (const char *const[]){ "collector.slabs",
		"collector.items", NULL } },
	ROW("metrics.include", include, module.families, NULL,
	    "Glob of metrics to export, by the name of the family, such as "
	    "'memcached_slab_*'. Repeatable. Without it: all. memcached_up and "
	    "memcached_scrape_* always stay."),
	ROW("metrics.exclude", exclude, module.families, NULL,
	    "Glob of metrics to leave out, also of those to include. "
	    "Repeatable."),
	ROW("web.listen-address", listen, listen, ":9150",
	    "Address to listen on: host:port, :port, unix:/path or "
	    "vsock://:port. Repeatable.",
	    .void_beside = "web.systemd-socket"),
	ROW("web.socket-mode", mode, socket_mode, "",
	    "Permissions of the unix sockets to listen on, in octal, "
	    "such as 0660. Empty: as the umask has it.",
	    .void_beside = "web.systemd-socket"),
	ROW("web.systemd-socket", switch, systemd_socket, "false",
	    "Listen on the sockets that systemd passes instead of "
	    "--web.listen-address."),
	ROW("web.config.file", file, web_config_file, "",
	    "YAML file with TLS, users and headers of the HTTP server, "
	    "in the schema of all exporters."),
	ROW("web.max-connections", number, max_connections, "8192",
	    "Maximum number of HTTP connections. Beyond it, the least "
	    "recently active idle one is closed.",
	    RANGE(1, OPTIONS_CONNECTIONS_MAX)),
	ROW("web.max-requests", number, max_requests, "0",
	    "Maximum number of scrapes that are served at the same time. "
	    "Beyond it, the status is 503. 0: no limit.",
	    RANGE(0, OPTIONS_REQUESTS_MAX)),
	ROW("scrape.allow-target", allow, allow, NULL,
	    "Target that /scrape may ask for: host:port (globs), a "
	    "network (10.0.0.0/8) or unix:/path. Repeatable. Without it: "
	    "any host."),
	ROW("scrape.max-targets", number, max_targets, "16384",
	    "Maximum number of targets that are kept, with their "
	    "connections. Beyond it, the one idle for longest is dropped.",
	    RANGE(1, OPTIONS_TARGETS_MAX)),
	ROW("web.telemetry-path", path, telemetry_path, "/metrics",
	    "Path of the metrics."),
	ROW("web.scrape-path", path, scrape_path, "/scrape",
	    "Path that scrapes the target of its query."),
	ROW("web.enable-lifecycle", switch, lifecycle, "false",
	    "Reload the configuration on POST /-/reload."),
	ROW("web.disable-exporter-metrics", switch, no_exporter_metrics,
	    "false",
	    "Leave out metrics about the exporter itself "
	    "(memcached_exporter_*, process_*)."),
	ROW("once", switch, once, "false",
	    "Scrape once, print the metrics, and exit with 0 if the "
	    "server is up."),
	ROW("locate", string, locate, "",
	    "Print which server of this pool each KEY lives on: --locate POOL "
	    "KEY..."),
	ROW("healthcheck", switch, healthcheck, "false",
	    "Ask the exporter that runs with the same flags whether it is "
	    "healthy; exit with 0 if so."),
	ROW("pid-file", file, own_pid_file, "",
	    "File for the exporter's own process id while it serves."),
	ROW("log.level", choice, log_level, "info", "Minimum log level.",
	    WORDS(log_level_names)),
	ROW("log.format", choice, log_format, "logfmt", "Format of log lines.",
	    WORDS(log_format_names)),
	ROW("version", switch, version, "false", "Show the version.", ASKS),
};

const size_t options_table_len = nitems(options_table);
_Static_assert(nitems(options_table) <= OPTIONS_ROWS_MAX, "rows");

const struct option *
options_find(const char *name, size_t len)
{
	for (size_t i = 0; i < options_table_len; i++) {
		if (strlen(options_table[i].name) == len &&
		    memcmp(options_table[i].name, name, len) == 0)
			return &options_table[i];
	}
	return NULL;
}

bool
options_is_given(const struct options *o, const char *name)
{
	return o->given[options_find(name, strlen(name)) - options_table];
}

void
options_init(struct options *o)
{
	*o = (struct options){ .allow = allow_new() };
	module_config_init(&o->module);
	o->module.name = xstrdup(MODULE_DEFAULT);
}

/* What the flags have to say as a module. */
static const struct module_rule *
check_module(struct options *o)
{
	struct module_config *m = &o->module;

	m->collectors |= COLLECTORS_ALWAYS;
	m->has_protocol = options_is_given(o, "memcached.protocol");
	m->has_auth = is_set(m->username) || is_set(m->password_file);
	m->has_targets = o->has_target;
	return module_config_check(m);
}

int
options_check(struct options *o, struct error *e)
{
	const struct module_rule *rule = check_module(o);

	if (rule != NULL)
		return error_set(e, "%s", rule->flags);
	if (strcmp(o->telemetry_path, o->scrape_path) == 0)
		return error_set(e,
		    "--web.telemetry-path and --web.scrape-path are both %s",
		    o->scrape_path);
	return 0;
}

/* Whether it was given, and not as nothing, which is without effect anyway. */
static bool
is_said(const struct options *o, const struct option *row)
{
	const void *field = (const char *)o + row->field;

	return o->given[row - options_table] &&
	       (row->type->is_nothing == NULL || !row->type->is_nothing(field));
}

static bool
is_on(const struct options *o, const char *name)
{
	const struct option *row = options_find(name, strlen(name));

	return row != NULL && *(const bool *)((const char *)o + row->field);
}

const struct option *
options_connecting(const struct options *o)
{
	for (size_t i = 0; i < options_table_len; i++) {
		if (options_table[i].connects && is_said(o, &options_table[i]))
			return &options_table[i];
	}
	return NULL;
}

static bool
has_unix_socket(const struct options *o)
{
	for (size_t i = 0; i < o->listen_len; i++) {
		if (o->listen[i].is_path)
			return true;
	}
	return false;
}

void
options_without_effect(const struct options *o,
    void (*each)(const char *sentence, void *arg), void *arg)
{
	struct error e;

	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *row = &options_table[i];

		if (!is_said(o, row))
			continue;
		if (row->needs != NULL && !is_on(o, row->needs)) {
			(void)error_set(&e, "--%s has no effect without --%s",
			    row->name, row->needs);
			each(e.text, arg);
		} else if (row->void_beside != NULL &&
			   is_on(o, row->void_beside)) {
			(void)error_set(&e, "--%s has no effect beside --%s",
			    row->name, row->void_beside);
			each(e.text, arg);
		}
	}
	if (o->socket_mode != -1 && !o->systemd_socket && !has_unix_socket(o))
		each("--web.socket-mode has no effect: no "
		     "--web.listen-address is a unix socket",
		    arg);
}

void
options_release(struct options *o)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *row = &options_table[i];

		if (row->type->release != NULL)
			row->type->release(option_field(o, row));
	}
	for (size_t i = 0; i < o->keys_len; i++)
		free(o->keys[i]);
	free(o->keys);
	module_config_free(&o->module);
	*o = (struct options){ 0 };
}
