#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/protocol.h"
#include "config/secret.h"

#define WORDS_BYTES_MAX 64

static set_fn set_switch, set_string, set_path, set_duration, set_level,
    set_format, set_target, set_listen, set_mode, set_allow, set_username,
    set_protocol, set_auth, set_connections;

#define FIELD(name) offsetof(struct options, name)

const struct option options_table[] = {
	{ "help", set_switch, FIELD(help), "false", "Show this help." },
	{ "memcached.address", set_target, FIELD(target), "localhost:11211",
	    "Server to scrape: host:port, [IPv6]:port, or the path of a unix "
	    "socket. Empty: none." },
	{ "memcached.timeout", set_duration, FIELD(timeout_us), "1s",
	    "Time for a whole scrape. A shorter one that Prometheus sends "
	    "wins." },
	{ "memcached.pid-file", set_string, FIELD(pid_file), "",
	    "File with memcached's process id, for the memcached_process_* "
	    "metrics." },
	{ "memcached.tls.enable", set_switch, FIELD(tls_enable), "false",
	    "Speak TLS to memcached, and verify its certificate." },
	{ "memcached.tls.cert-file", set_string, FIELD(tls_cert_file), "",
	    "Client certificate to show, PEM." },
	{ "memcached.tls.key-file", set_string, FIELD(tls_key_file), "",
	    "Its key, PEM." },
	{ "memcached.tls.ca-file", set_string, FIELD(tls_ca_file), "",
	    "Authorities to trust, PEM. Empty: the system's." },
	{ "memcached.tls.server-name", set_string, FIELD(tls_server_name), "",
	    "Name to verify. Empty: the target's own host." },
	{ "memcached.tls.insecure-skip-verify", set_switch, FIELD(tls_insecure),
	    "false", "Verify no certificate: anybody may be the server." },
	{ "memcached.protocol", set_protocol, FIELD(protocol), "ascii",
	    "Protocol to speak: ascii, or binary for servers with nothing "
	    "else." },
	{ "memcached.auth", set_auth, FIELD(auth), "ascii",
	    "How to authenticate: ascii (memcached -Y), or sasl (memcached "
	    "-S), which needs the binary protocol." },
	{ "memcached.username", set_username, FIELD(username), "",
	    "User to authenticate as. Told to "
	    "--memcached.address alone." },
	{ "memcached.password-file", set_string, FIELD(password_file), "",
	    "File whose first line is the password." },
	{ "config.file", set_string, FIELD(config_file), "",
	    "YAML file with modules: ways to scrape that a request picks." },
	{ "config.check", set_switch, FIELD(config_check), "false",
	    "Check the configuration, say what is wrong, and exit." },
	{ "collector.settings", set_switch, FIELD(collect_settings), "true",
	    "Ask \"stats settings\"." },
	{ "collector.slab", set_switch, FIELD(collect_slab), "true",
	    "Export the series of slab classes, from \"stats slabs\" and "
	    "\"stats items\"." },
	{ "collector.scrub", set_switch, FIELD(collect_scrub), "false",
	    "Ask \"stats scrub\", which the InnoDB plugin answers." },
	{ "web.listen-address", set_listen, FIELD(listen), ":9150",
	    "Address to serve on: host:port, :port, unix:/path or "
	    "vsock://:port. Repeatable." },
	{ "web.socket-mode", set_mode, FIELD(socket_mode), "",
	    "Permissions of the unix sockets to serve on, in octal: 0660. "
	    "Empty: what the umask leaves." },
	{ "web.systemd-socket", set_switch, FIELD(systemd_socket), "false",
	    "Serve on the sockets that systemd passes, and not on "
	    "--web.listen-address." },
	{ "web.config.file", set_string, FIELD(web_config_file), "",
	    "YAML file with TLS, users and more for the HTTP side, as all "
	    "exporters read it." },
	{ "web.max-connections", set_connections, FIELD(max_connections),
	    "8192",
	    "HTTP clients connected at a time. For one more, the one quiet "
	    "for longest goes." },
	{ "scrape.allow-target", set_allow, FIELD(allow), "",
	    "Target that /scrape may be told: host:port (globs), a network "
	    "(10.0.0.0/8) or unix:/path. Repeatable. Empty: any host." },
	{ "web.telemetry-path", set_path, FIELD(telemetry_path), "/metrics",
	    "Path of the metrics." },
	{ "web.scrape-path", set_path, FIELD(scrape_path), "/scrape",
	    "Path that scrapes the target its query names." },
	{ "web.enable-lifecycle", set_switch, FIELD(lifecycle), "false",
	    "Reload the configuration on POST /-/reload." },
	{ "once", set_switch, FIELD(once), "false",
	    "Scrape once, print the metrics, exit with 0 if the server is "
	    "up." },
	{ "pid-file", set_string, FIELD(own_pid_file), "",
	    "File to write the exporter's own process id to, while it "
	    "serves." },
	{ "log.level", set_level, FIELD(log_level), "info",
	    "Least level to log: debug, info, warn or error." },
	{ "log.format", set_format, FIELD(log_format), "logfmt",
	    "Form of a log line: logfmt or json." },
	{ "version", set_switch, FIELD(version), "false", "Show the version." },
};

const size_t options_table_len = nitems(options_table);
_Static_assert(nitems(options_table) <= OPTIONS_ROWS_MAX, "rows");

static void *
field_of(struct options *opts, const struct option *o)
{
	return (char *)opts + o->field;
}

bool
option_is_switch(const struct option *o)
{
	return o->set == set_switch;
}

bool
option_is_list(const struct option *o)
{
	return o->set == set_listen || o->set == set_allow;
}

/* MEMCACHED_EXPORTER_VERSION in an environment is no question for ours. */
bool
option_is_question(const struct option *o)
{
	return o->field == FIELD(help) || o->field == FIELD(version);
}

static int
set_switch(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (parse_bool(span_of(text), field_of(opts, o)) < 0)
		return error_set(e, "expected true or false");
	return 0;
}

static int
set_string(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	char **s = field_of(opts, o);

	(void)e;
	free(*s);
	*s = xstrdup(text);
	return 0;
}

static int
set_path(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (text[0] != '/' || strpbrk(text, "?#%\\\"<>\x7f") != NULL ||
	    !secret_is_username(text))
		return error_set(e,
		    "expected a path that begins with a slash and has no "
		    "blank and none of ?#%%\\\"<>");
	return set_string(opts, o, text, e);
}

static int
set_username(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (!secret_is_username(text))
		return error_set(e, "expected a name without blanks");
	return set_string(opts, o, text, e);
}

static int
set_duration(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	uint64_t us;

	if (parse_duration(span_of(text), &us) < 0 || us == 0)
		return error_set(
		    e, "expected a duration above zero, such as 1s or 500ms");
	*(uint64_t *)field_of(opts, o) = us;
	return 0;
}

static int
set_connections(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	uint64_t n;

	if (parse_u64(span_of(text), &n) < 0 || n == 0 ||
	    n > OPTIONS_CONNECTIONS_MAX)
		return error_set(e, "expected a number from 1 to %d",
		    OPTIONS_CONNECTIONS_MAX);
	*(uint64_t *)field_of(opts, o) = n;
	return 0;
}

/* The number of a word in a list. */
static int
word_number(const char *const *words, size_t n, const char *text,
    unsigned *number, struct error *e)
{
	char known[WORDS_BYTES_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*number = (unsigned)i;
			return 0;
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len,
		    "%s%s", i > 0 ? ", " : "", words[i]);
	}
	return error_set(e, "expected one of %s", known);
}

static int
set_level(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return word_number(log_level_names, LEVELS, text, field_of(opts, o), e);
}

static int
set_protocol(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return word_number(
	    protocol_names, PROTOCOLS, text, field_of(opts, o), e);
}

static int
set_auth(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return word_number(auth_names, PROTOCOLS, text, field_of(opts, o), e);
}

static int
set_format(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return word_number(
	    log_format_names, FORMATS, text, field_of(opts, o), e);
}

static int
set_target(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	opts->has_target = text[0] != '\0';
	if (!opts->has_target)
		return 0;
	return address_parse(field_of(opts, o), text, MEMCACHED_PORT, e);
}

static int
set_allow(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	struct allow **allow = field_of(opts, o);

	if (*allow == NULL)
		*allow = allow_new();
	return text[0] == '\0' ? 0 : allow_add(*allow, text, e);
}

static int
set_listen(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	struct address **list = field_of(opts, o);
	struct address a;

	if (address_parse_listen(&a, text, e) < 0)
		return -1;
	if (opts->listen_len == OPTIONS_LISTEN_MAX)
		return error_set(
		    e, "more than %d addresses", OPTIONS_LISTEN_MAX);
	*list = xreallocarray(*list, opts->listen_len + 1, sizeof(**list));
	(*list)[opts->listen_len++] = a;
	return 0;
}

static int
set_mode(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	unsigned mode;

	if (text[0] != '\0' && parse_mode(span_of(text), &mode) < 0)
		return error_set(e, "expected octal permissions such as 0660");
	*(int *)field_of(opts, o) = text[0] != '\0' ? (int)mode : -1;
	return 0;
}

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

static bool
is_given(const bool *given, const char *name)
{
	return given[options_find(name, strlen(name)) - options_table];
}

int
options_check_given(const struct options *o, const bool *given, struct error *e)
{
	if (o->auth && !o->protocol && is_given(given, "memcached.protocol"))
		return error_set(e, "--memcached.auth=sasl needs "
				    "--memcached.protocol=binary");
	return 0;
}

int
options_check(const struct options *o, struct error *e)
{
	if ((o->username[0] == '\0') != (o->password_file[0] == '\0'))
		return error_set(e,
		    "--memcached.username and --memcached.password-file go "
		    "together");
	if (o->protocol && !o->auth && o->username[0] != '\0')
		return error_set(e,
		    "--memcached.protocol=binary authenticates with "
		    "--memcached.auth=sasl alone");
	if (strcmp(o->telemetry_path, o->scrape_path) == 0)
		return error_set(e,
		    "--web.telemetry-path and --web.scrape-path are both %s",
		    o->scrape_path);
	if (o->username[0] != '\0' && !o->has_target)
		return error_set(
		    e, "--memcached.username needs a --memcached.address");
	return 0;
}

void
options_release(struct options *o)
{
	free(o->pid_file);
	free(o->own_pid_file);
	free(o->config_file);
	free(o->web_config_file);
	free(o->tls_cert_file);
	free(o->tls_key_file);
	free(o->tls_ca_file);
	free(o->tls_server_name);
	free(o->username);
	free(o->password_file);
	free(o->telemetry_path);
	free(o->listen);
	free(o->scrape_path);
	allow_free(o->allow);
	*o = (struct options){ 0 };
}
