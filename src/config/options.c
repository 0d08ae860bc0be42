#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/protocol.h"
#include "config/secret.h"

#define ENVIRONMENT_PREFIX "MEMCACHED_EXPORTER_"

#define NAME_BYTES_MAX 64
#define HELP_COLUMN 33

struct option;

/* Reads text into the option's field of opts; a repeatable one adds to it. */
typedef int set_fn(struct options *opts, const struct option *o,
    const char *text, struct error *e);

static set_fn set_switch, set_string, set_path, set_duration, set_level,
    set_format, set_target, set_listen, set_mode, set_allow, set_username,
    set_protocol, set_auth, set_connections;

struct option {
	const char *name;
	set_fn *set;
	size_t field;
	const char *preset;
	const char *help;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option table[] = {
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
	{ "log.level", set_level, FIELD(log_level), "info",
	    "Least level to log: debug, info, warn or error." },
	{ "log.format", set_format, FIELD(log_format), "logfmt",
	    "Form of a log line: logfmt or json." },
	{ "version", set_switch, FIELD(version), "false", "Show the version." },
};

static void *
field_of(struct options *opts, const struct option *o)
{
	return (char *)opts + o->field;
}

static bool
is_switch(const struct option *o)
{
	return o->set == set_switch;
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
	char known[NAME_BYTES_MAX] = "";
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

/* One source after the other, the strongest first. */
struct parse {
	struct options *opts;
	bool given[nitems(table)]; /* by this source or a stronger one */
	bool only_words;           /* behind "--" no flag may follow */
	int depth;                 /* of @file */
	size_t arguments;
	struct error *e;
};

static const struct option *
find(const char *name, size_t len)
{
	for (size_t i = 0; i < nitems(table); i++) {
		if (strlen(table[i].name) == len &&
		    memcmp(table[i].name, name, len) == 0)
			return &table[i];
	}
	return NULL;
}

static int
set(struct parse *p, const struct option *o, const char *text)
{
	char echo[ADDRESS_ECHO_MAX];
	struct error why;

	p->given[o - table] = true;
	address_echo(text, echo);
	if (o->set(p->opts, o, text, &why) < 0)
		return error_set(p->e, "--%s=%s: %s", o->name, echo, why.text);
	return 0;
}

/*
 * A long flag without its dashes. Returns how many of the arguments that
 * follow it took, 0 or 1.
 */
static int
parse_long(struct parse *p, const char *arg, const char *next)
{
	const char *equal = strchrnul(arg, '=');
	const char *text = *equal == '=' ? equal + 1 : NULL;
	size_t len = (size_t)(equal - arg);
	const struct option *o = find(arg, len);

	if (o == NULL && text == NULL && strncmp(arg, "no-", 3) == 0) {
		o = find(arg + 3, len - 3);
		if (o != NULL && is_switch(o))
			return set(p, o, "false");
		o = NULL;
	}
	if (o == NULL)
		return error_set(
		    p->e, "unknown long flag '--%.*s'", (int)len, arg);
	if (text == NULL && is_switch(o))
		return set(p, o, "true");
	if (text != NULL)
		return set(p, o, text);
	if (next == NULL || strncmp(next, "--", 2) == 0)
		return error_set(
		    p->e, "expected argument for flag '--%s'", arg);
	return set(p, o, next) < 0 ? -1 : 1;
}

static int parse_file(struct parse *p, const char *path);

/* As parse_long, for any argument. */
static int
parse_argument(struct parse *p, const char *arg, const char *next)
{
	char echo[ADDRESS_ECHO_MAX];

	address_echo(arg, echo);
	if (++p->arguments > OPTIONS_ARGUMENTS_MAX)
		return error_set(
		    p->e, "more than %d arguments", OPTIONS_ARGUMENTS_MAX);
	if (p->only_words || (arg[0] != '-' && arg[0] != '@'))
		return error_set(p->e, "unexpected %s", echo);
	if (arg[0] == '@')
		return parse_file(p, arg + 1);
	if (strcmp(arg, "--") == 0) {
		p->only_words = true;
		return 0;
	}
	if (strcmp(arg, "-h") == 0)
		return parse_long(p, "help", NULL);
	if (arg[1] != '-')
		return error_set(p->e, "unknown short flag '%s'", echo);
	return parse_long(p, arg + 2, next);
}

static int
parse_list(struct parse *p, int argc, const char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		int used = parse_argument(
		    p, argv[i], i + 1 < argc ? argv[i + 1] : NULL);

		if (used < 0)
			return -1;
		i += used;
	}
	return 0;
}

/* Ends lines with NUL and lists those that hold an argument. */
static int
split_lines(char *text, const char **lines, int max)
{
	char *line;
	int n = 0;

	while ((line = strsep(&text, "\n")) != NULL && n < max) {
		size_t len = strlen(line);

		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (line[0] != '\0' && line[0] != '#')
			lines[n++] = line;
	}
	return n;
}

static int
read_text(const char *path, char **out, struct error *e)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n;
	int r = 0;

	if (f == NULL)
		return error_set(e, "@%s: %s", path, strerror(errno));
	text = xmalloc(OPTIONS_FILE_MAX + 1);
	n = fread(text, 1, OPTIONS_FILE_MAX + 1, f);
	if (ferror(f))
		r = error_set(e, "@%s: %s", path, strerror(errno));
	else if (n > OPTIONS_FILE_MAX)
		r = error_set(
		    e, "@%s: larger than %u bytes", path, OPTIONS_FILE_MAX);
	(void)fclose(f);
	if (r < 0) {
		free(text);
		return -1;
	}
	text[n] = '\0';
	*out = text;
	return 0;
}

static int
parse_file(struct parse *p, const char *path)
{
	const char **lines = NULL;
	char *text = NULL;
	int r = -1;

	if (p->depth > 0)
		return error_set(
		    p->e, "@%s: a file cannot name another one", path);
	if (read_text(path, &text, p->e) < 0)
		return -1;
	p->depth++;
	lines = xcalloc(OPTIONS_ARGUMENTS_MAX + 1, sizeof(*lines));
	r = parse_list(
	    p, split_lines(text, lines, OPTIONS_ARGUMENTS_MAX + 1), lines);
	p->depth--;
	free(lines);
	free(text);
	return r;
}

static void
environment_name(const struct option *o, char name[NAME_BYTES_MAX])
{
	char *p = name;

	(void)snprintf(name, NAME_BYTES_MAX, ENVIRONMENT_PREFIX "%s", o->name);
	for (p += strlen(ENVIRONMENT_PREFIX); *p != '\0'; p++)
		*p = (char)(isalnum((unsigned char)*p)
				? toupper((unsigned char)*p)
				: '_');
}

/* A list has one value a line; anything else is one value. */
static int
set_environment(struct parse *p, const struct option *o, const char *text)
{
	const char *lines[ALLOW_RULES_MAX + 1];
	char *copy;
	int n, r = 0;

	if (o->set != set_listen && o->set != set_allow)
		return set(p, o, text);
	copy = xstrdup(text);
	n = split_lines(copy, lines, ALLOW_RULES_MAX + 1);
	for (int i = 0; i < n && r == 0; i++)
		r = set(p, o, lines[i]);
	free(copy);
	return r;
}

/* MEMCACHED_EXPORTER_VERSION in an environment is no question for ours. */
static bool
is_question(const struct option *o)
{
	return o->field == FIELD(help) || o->field == FIELD(version);
}

static int
parse_environment(struct parse *p)
{
	for (size_t i = 0; i < nitems(table); i++) {
		char name[NAME_BYTES_MAX];
		struct error why;
		const char *text;

		if (is_question(&table[i]) || p->given[i])
			continue;
		environment_name(&table[i], name);
		text = getenv(name);
		if (text == NULL || text[0] == '\0')
			continue;
		if (set_environment(p, &table[i], text) < 0) {
			why = *p->e;
			return error_set(p->e, "from %s: %s", name, why.text);
		}
	}
	return 0;
}

static int
parse_presets(struct parse *p)
{
	for (size_t i = 0; i < nitems(table); i++) {
		if (!p->given[i] && set(p, &table[i], table[i].preset) < 0)
			return -1;
	}
	return 0;
}

static bool
is_given(const struct parse *p, const char *name)
{
	return p->given[find(name, strlen(name)) - table];
}

/* What no flag alone can know, before the presets have been set. */
static int
check_given(const struct parse *p)
{
	const struct options *o = p->opts;

	if (o->auth && !o->protocol && is_given(p, "memcached.protocol"))
		return error_set(p->e, "--memcached.auth=sasl needs "
				       "--memcached.protocol=binary");
	return 0;
}

/* The same, with the presets. */
static int
check(const struct options *o, struct error *e)
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

int
options_parse(
    struct options *o, int argc, const char *const *argv, struct error *e)
{
	struct parse p = { .opts = o, .e = e };

	*o = (struct options){ 0 };
	if (parse_list(&p, argc, argv) < 0 || parse_environment(&p) < 0 ||
	    check_given(&p) < 0)
		return -1;
	return parse_presets(&p) < 0 ? -1 : check(o, e);
}

void
options_release(struct options *o)
{
	free(o->pid_file);
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

/* "      --name=preset", as wide as it is. */
static void
help_head(struct buf *out, const struct option *o)
{
	bool letter = strcmp(o->name, "help") == 0;

	buf_add_str(out, letter ? "  -h, --" : "      --");
	buf_add_str(out, is_switch(o) && !letter ? "[no-]" : "");
	buf_add_str(out, o->name);
	if (!is_switch(o))
		buf_printf(
		    out, "=%s", o->preset[0] != '\0' ? o->preset : "\"\"");
}

void
options_help(struct buf *out)
{
	buf_add_str(out,
	    "usage: memcached_exporter [<flags>]\n\n"
	    "Prometheus exporter for memcached and what speaks its "
	    "\"stats\".\n\nFlags:\n");
	for (size_t i = 0; i < nitems(table); i++) {
		const struct option *o = &table[i];
		size_t before = out->len, width;

		help_head(out, o);
		width = out->len - before;
		if (width + 2 > HELP_COLUMN) {
			buf_add_char(out, '\n');
			width = 0;
		}
		buf_printf(out, "%*s%s", HELP_COLUMN - (int)width, "", o->help);
		if (is_switch(o) && strcmp(o->preset, "true") == 0)
			buf_add_str(out, " On unless switched off.");
		buf_add_char(out, '\n');
	}
	buf_add_str(out,
	    "\nEach flag may come from the environment instead: "
	    "--memcached.address\nfrom " ENVIRONMENT_PREFIX
	    "MEMCACHED_ADDRESS, and so on. @FILE reads\narguments from a "
	    "file, one a line.\n");
}
