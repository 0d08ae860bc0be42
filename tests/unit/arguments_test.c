#include "config/arguments.h"

#include <stdio.h>

#include "config/help.h"
#include "scratch.h"
#include "stats/keys.h"
#include "support.h"

#define ENVIRONMENT "MEMCACHED_EXPORTER_"
#define ROW_ARGUMENTS 6
#define HELP_COLUMN 33

/* All options but those that are as they are unless somebody says otherwise. */
static void
describe(struct buf *out, const struct options *o)
{
	unsigned set = o->module.collectors;
	const struct {
		const char *name;
		bool is, unless;
	} switches[] = {
		{ "help", o->help, false },
		{ "help-long", o->help_long, false },
		{ "help-man", o->help_man, false },
		{ "version", o->version, false },
		{ "once", o->once, false },
		{ "settings", set & 1U << COLLECTOR_SETTINGS, true },
		{ "slabs", set & 1U << COLLECTOR_SLABS, true },
		{ "items", set & 1U << COLLECTOR_ITEMS, true },
		{ "scrub", set & 1U << COLLECTOR_SCRUB, false },
		{ "conns", set & 1U << COLLECTOR_CONNS, false },
		{ "systemd", o->systemd_socket, false },
	};
	char text[ADDRESS_TEXT_MAX] = "none";

	for (EACH(s, switches)) {
		if (o->pid_file == NULL && s->unless)
			continue; /* nothing but the question counts */
		if (s->is != s->unless)
			buf_printf(out, "%s%s ", s->is ? "" : "no-", s->name);
	}
	if (o->pid_file == NULL)
		return;
	if (o->has_target)
		address_text(&o->target, text);
	if (strcmp(text, "localhost:11211") != 0)
		buf_printf(out, "target=%s ", text);
	if (o->module.timeout_us != 1000000)
		buf_printf(out, "timeout=%llu ",
		    (unsigned long long)o->module.timeout_us);
	if (o->pid_file[0] != '\0')
		buf_printf(out, "pid-file=%s ", o->pid_file);
	if (o->web_config_file[0] != '\0')
		buf_printf(out, "web-config=%s ", o->web_config_file);
	if (o->max_connections != 8192)
		buf_printf(out, "connections=%llu ",
		    (unsigned long long)o->max_connections);
	if (o->max_requests != 0)
		buf_printf(
		    out, "requests=%llu ", (unsigned long long)o->max_requests);
	if (strcmp(o->telemetry_path, "/metrics") != 0)
		buf_printf(out, "path=%s ", o->telemetry_path);
	if (o->log_level != LEVEL_INFO || o->log_format != FORMAT_LOGFMT)
		buf_printf(out, "log=%s,%s ", log_level_names[o->log_level],
		    log_format_names[o->log_format]);
	if (o->socket_mode != -1)
		buf_printf(out, "mode=%o ", (unsigned)o->socket_mode);
	for (size_t i = 0; i < o->listen_len; i++) {
		address_text(&o->listen[i], text);
		if (o->listen_len != 1 || strcmp(text, ":9150") != 0)
			buf_printf(out, "listen=%s ", text);
	}
}

static const struct {
	const char *arguments[ROW_ARGUMENTS];
	const char *options; /* or the error */
} rows[] = {
	{ { NULL }, "" },

	{ { "--help" }, "help " },
	{ { "-h" }, "help " },
	{ { "--version" }, "version " },
	{ { "--once" }, "once " },
	{ { "--no-once" }, "" },
	{ { "--once=true" }, "once " },
	{ { "--once=false" }, "" },
	{ { "--no-collector.settings" }, "no-settings " },
	{ { "--collector.settings=false" }, "no-settings " },
	{ { "--collector.settings", "--no-collector.slab" },
	    "no-slabs no-items " },
	{ { "--no-collector.slabs" }, "no-slabs " },
	{ { "--no-collector.items" }, "no-items " },
	{ { "--no-collector.slab", "--collector.items" }, "no-slabs " },
	{ { "--no-collector.items", "--collector.slab" }, "" },
	{ { "--collector.slab=false" }, "no-slabs no-items " },
	{ { "--collector.conns" }, "conns " },
	{ { "--collector.stats" }, "" },
	{ { "--no-collector.stats" },
	    "--collector.stats=false: stats is always asked, for "
	    "memcached_up" },
	{ { "--collector.scrub" }, "scrub " },
	{ { "--no-once", "--once" }, "once " },
	{ { "--once", "--no-once" }, "" },

	{ { "--memcached.address=h:1" }, "target=h:1 " },
	{ { "--memcached.address", "h:1" }, "target=h:1 " },
	{ { "--memcached.address", "h" }, "target=h:11211 " },
	{ { "--memcached.address=" }, "target=none " },
	{ { "--memcached.address", "" }, "target=none " },
	{ { "--memcached.address=", "--memcached.address=h:1" },
	    "target=h:1 " },
	{ { "--memcached.address=/run/m.sock" }, "target=unix:/run/m.sock " },
	{ { "--memcached.address=[::1]:2" }, "target=[::1]:2 " },
	{ { "--memcached.timeout=500ms" }, "timeout=500000 " },
	{ { "--memcached.timeout", "1m30s" }, "timeout=90000000 " },
	{ { "--memcached.pid-file=/run/a=b" }, "pid-file=/run/a=b " },
	{ { "--web.telemetry-path=/m/x" }, "path=/m/x " },
	{ { "--web.config.file=web.yml" }, "web-config=web.yml " },
	{ { "--web.config.file=web.yml", "--web.config.file=" }, "" },
	{ { "--web.max-connections=1" }, "connections=1 " },
	{ { "--web.max-connections", "1000000" }, "connections=1000000 " },
	{ { "--web.max-requests=0" }, "" },
	{ { "--web.max-requests=40" }, "requests=40 " },
	{ { "--log.level=debug" }, "log=debug,logfmt " },
	{ { "--log.level", "error", "--log.format", "json" },
	    "log=error,json " },
	{ { "--log.level=warn", "--log.level=info" }, "" },
	{ { "--web.listen-address=:1" }, "listen=:1 " },
	{ { "--web.listen-address=:1", "--web.listen-address=:2",
	      "--web.listen-address", "unix:/x" },
	    "listen=:1 listen=:2 listen=unix:/x " },
	{ { "--web.listen-address=vsock://:9150" }, "listen=vsock://:9150 " },
	{ { "--web.systemd-socket" }, "systemd " },
	{ { "--web.socket-mode=0660" }, "mode=660 " },
	{ { "--web.socket-mode=0660", "--web.socket-mode=" }, "" },
	{ { "--memcached.auth=sasl" }, "" },
	{ { "--memcached.auth=sasl", "--memcached.protocol=binary" }, "" },
	{ { "--memcached.auth=ascii", "--memcached.protocol=ascii" }, "" },
	{ { "--" }, "" },
	{ { "--no-once=false" }, "once " },
	{ { "--no-once=true" }, "" },
	{ { "--once=TRUE" }, "once " },
	{ { "--log.level=DEBUG" }, "log=debug,logfmt " },
	{ { "--log.level=Error", "--log.format=JSON" }, "log=error,json " },
	{ { "--memcached.timeout=.5s" }, "timeout=500000 " },
	{ { "--memcached.timeout", "9000h" }, "timeout=32400000000000 " },
	{ { "--help-long" }, "help-long " },
	{ { "--help-man" }, "help-man " },

	/* whatever else is wrong */
	{ { "--help", "--nonsense" }, "help " },
	{ { "--nonsense", "--help" }, "help " },
	{ { "word", "-h" }, "help " },
	{ { "--memcached.timeout=soon", "--version" }, "version " },
	{ { "--memcached.timeout", "--version" }, "version " },
	{ { "-hx" }, "help " },
	{ { "--nonsense", "--help-man" }, "help-man " },
	{ { "--nonsense", "--", "--help" }, "unknown long flag '--nonsense'" },

	{ { "--nonsense" }, "unknown long flag '--nonsense'" },
	{ { "--nonsense=1" }, "unknown long flag '--nonsense'" },
	{ { "--no-nonsense" }, "unknown long flag '--no-nonsense'" },
	{ { "--no-" }, "unknown long flag '--no-'" },
	{ { "--Help" }, "unknown long flag '--Help'; --help exists" },
	{ { "--hel" }, "unknown long flag '--hel'; --help exists" },
	{ { "--=x" }, "unknown long flag '--'" },
	{ { "--no-memcached.address" },
	    "unknown long flag '--no-memcached.address'" },
	{ { "--no-once=maybe" },
	    "--no-once: expected true or false, or no value" },
	{ { "--no-memcached.address=h" },
	    "unknown long flag '--no-memcached.address'" },
	{ { "--web.config=web.yml" },
	    "unknown long flag '--web.config'; --web.config.file exists" },
	{ { "--memcached.password=tiger" },
	    "unknown long flag '--memcached.password'; "
	    "--memcached.password-file exists" },
	{ { "--log.level debug" },
	    "--log.level and its value are one argument: write"
	    " --log.level=VALUE" },
	{ { "--memcached.username scott=tiger" },
	    "--memcached.username and its value are one argument: write"
	    " --memcached.username=VALUE" },
	{ { "--memcached.username=scott tiger" },
	    "--memcached.username: expected a name without blanks" },
	{ { "--memcached.username", "scott", "tiger" },
	    "unexpected argument behind --memcached.username" },
	{ { "scott:tiger@h" }, "unexpected ***@h" },
	{ { "-x" }, "unknown short flag '-x'" },
	{ { "-ptiger" }, "unknown short flag '-p'" },
	{ { "-once" }, "-once: write it with two dashes, --once" },
	{ { "-no-once" }, "-no-once: write it with two dashes, --no-once" },
	{ { "-memcached.address", "h:1" },
	    "-memcached.address: write it with two dashes,"
	    " --memcached.address" },
	{ { "---once" }, "---once: write it with two dashes, --once" },
	{ { "memcached.address=h:1" },
	    "memcached.address: write it with two dashes,"
	    " --memcached.address" },
	{ { "\xe2\x80\x93log.level", "debug" },
	    "\xe2\x80\x93log.level: write it with two dashes,"
	    " --log.level" },
	{ { "\xe2\x80\x94no-once" },
	    "\xe2\x80\x94no-once: write it with two dashes, --no-once" },
	{ { "--Log.Level=debug" },
	    "unknown long flag '--Log.Level'; --log.level exists" },
	{ { "--web_listen_address=:1" },
	    "unknown long flag '--web_listen_address'; --web.listen-address "
	    "exists" },
	{ { "-web.listen-address=:9150" },
	    "-web.listen-address: write it with two dashes,"
	    " --web.listen-address" },
	{ { "--scrape.allow-target=" },
	    "--scrape.allow-target=: expected a rule; without the flag any"
	    " host is allowed" },
	{ { "-" }, "unknown short flag '-'" },
	{ { "word" }, "unexpected word" },
	{ { "" }, "unexpected " },
	{ { "--once", "true" }, "unexpected true" },
	{ { "--", "--once" }, "unexpected --once" },
	{ { "--", "@file" }, "unexpected @file" },
	{ { "--memcached.address" },
	    "expected argument for flag '--memcached.address'" },

	{ { "--memcached.protocol=ascii", "--memcached.auth=sasl" },
	    "--memcached.auth=sasl needs --memcached.protocol=binary" },
	{ { "--once=maybe" }, "--once=maybe: expected true or false" },
	{ { "--once=" }, "--once=: expected true or false" },
	{ { "--memcached.address=h:x" },
	    "--memcached.address=h:x: expected host:port, [IPv6]:port or the"
	    " path of a unix socket" },
	{ { "--memcached.address=tcp://scott:tiger@h:1" },
	    "--memcached.address=***@h:1: expected host:port, [IPv6]:port or"
	    " the path of a unix socket, without user and password:"
	    " --memcached.username and --memcached.password-file set these" },
	{ { "scott:tiger@h:1" }, "unexpected ***@h:1" },
	{ { "--memcached.timeout=1" },
	    "--memcached.timeout=1: expected a duration above zero, such as"
	    " 1s or 500ms" },
	{ { "--memcached.timeout=0" },
	    "--memcached.timeout=0: expected a duration above zero, such as"
	    " 1s or 500ms" },
	{ { "--memcached.timeout=1ns" },
	    "--memcached.timeout=1ns: expected a duration above zero, such as"
	    " 1s or 500ms" },
	{ { "--memcached.timeout=-1s" },
	    "--memcached.timeout=-1s: expected a duration above zero, such as"
	    " 1s or 500ms" },
	{ { "--web.listen-address=" },
	    "--web.listen-address=: expected host:port, :port, [IPv6]:port,"
	    " unix:/path or vsock://:port" },
	{ { "--web.listen-address=9150" },
	    "--web.listen-address=9150: expected host:port, :port, [IPv6]:port,"
	    " unix:/path or vsock://:port" },
	{ { "--web.max-connections=" },
	    "--web.max-connections=: expected a number from 1 to 1000000" },
	{ { "--web.max-connections=0" },
	    "--web.max-connections=0: expected a number from 1 to 1000000" },
	{ { "--web.max-connections=-1" },
	    "--web.max-connections=-1: expected a number from 1 to 1000000" },
	{ { "--web.max-connections=1000001" },
	    "--web.max-connections=1000001: expected a number from 1 to "
	    "1000000" },
	{ { "--web.max-connections=99999999999999999999" },
	    "--web.max-connections=99999999999999999999: expected a number "
	    "from 1 to 1000000" },
	{ { "--web.max-connections=8k" },
	    "--web.max-connections=8k: expected a number from 1 to 1000000" },
	{ { "--web.max-connections=1.5" },
	    "--web.max-connections=1.5: expected a number from 1 to 1000000" },
	{ { "--web.listen-address=vsock://2:9150" },
	    "--web.listen-address=vsock://2:9150: expected vsock://:port" },
	{ { "--memcached.address=vsock://:11211" },
	    "--memcached.address=vsock://:11211: expected host:port, "
	    "[IPv6]:port"
	    " or the path of a unix socket" },
	{ { "--web.socket-mode=rw" },
	    "--web.socket-mode=rw: expected octal permissions such as 0660" },
	{ { "--web.telemetry-path=metrics" },
	    "--web.telemetry-path=metrics: expected a path that begins with a"
	    " slash and has no blank and none of ?#%\\\"<>" },
	{ { "--web.telemetry-path=/m?x" },
	    "--web.telemetry-path=/m?x: expected a path that begins with a"
	    " slash and has no blank and none of ?#%\\\"<>" },
	{ { "--web.telemetry-path=/scrape" },
	    "--web.telemetry-path and --web.scrape-path are both /scrape" },
	{ { "--web.telemetry-path=/x", "--web.scrape-path=/x" },
	    "--web.telemetry-path and --web.scrape-path are both /x" },
	{ { "--log.level=loud" },
	    "--log.level=loud: expected one of debug, info, warn, error" },
	{ { "--log.format=xml" },
	    "--log.format=xml: expected one of logfmt, json" },
	{ { "@/nonexistent/file" },
	    "@/nonexistent/file: No such file or directory" },
	{ { "@/" }, "@/: Is a directory" },
};

/* Parses, and checks what came of it: options or an error. */
static void
check_options(
    const char *row, int argc, const char *const *argv, const char *wanted)
{
	struct options o;
	struct error e;
	struct buf out;

	buf_init(&out, 1 << 20);
	if (arguments_parse(&o, argc, argv, &e) == 0)
		describe(&out, &o);
	else
		buf_add_str(&out, e.text);
	check_text(row, span_of_buf(&out), wanted);
	buf_release(&out);
	options_release(&o);
}

static int
count(const char *const *argv)
{
	int n = 0;

	while (n < ROW_ARGUMENTS && argv[n] != NULL)
		n++;
	return n;
}

TEST(arguments)
{
	for (EACH(r, rows)) {
		const char *row = r->arguments[0];

		check_options(row != NULL ? row : "no argument",
		    count(r->arguments), r->arguments, r->options);
	}
}

TEST(environment)
{
	static const struct {
		const char *name, *value;
		const char *arguments[ROW_ARGUMENTS];
		const char *options;
	} vars[] = {
		{ "MEMCACHED_ADDRESS", "h:1", { NULL }, "target=h:1 " },
		{ "MEMCACHED_ADDRESS", "h:1", { "--memcached.address=i:2" },
		    "target=i:2 " },
		{ "MEMCACHED_ADDRESS", "bad:x", { "--memcached.address=i:2" },
		    "target=i:2 " },
		{ "MEMCACHED_ADDRESS", "", { NULL }, "" },
		{ "MEMCACHED_PID_FILE", "/p", { NULL }, "pid-file=/p " },
		{ "MEMCACHED_PID_FILE", "a\nb", { NULL }, "pid-file=a\nb " },
		{ "COLLECTOR_SLAB", "false", { NULL }, "no-slabs no-items " },
		{ "COLLECTOR_SLAB", "false", { "--collector.items" },
		    "no-slabs " },
		{ "COLLECTOR_SLABS", "false", { NULL }, "no-slabs " },
		{ "COLLECTOR_SLAB", "false", { "--collector.slab" }, "" },
		{ "ONCE", "1", { "--no-once" }, "" },
		{ "WEB_TELEMETRY_PATH", "/m", { NULL }, "path=/m " },
		{ "WEB_LISTEN_ADDRESS", ":1", { NULL }, "listen=:1 " },
		{ "WEB_LISTEN_ADDRESS", ":1\n\n:2\r\n#:3\n", { NULL },
		    "listen=:1 listen=:2 " },
		{ "WEB_LISTEN_ADDRESS", ":1\n:2", { "--web.listen-address=:3" },
		    "listen=:3 " },
		{ "MEMCACHED_ADDRESS", " h:1\r\n", { NULL }, "target=h:1 " },
		{ "MEMCACHED_ADDRESS", " \n", { NULL }, "" },
		{ "MEMCACHED_PID_FILE", "\t/a b \n", { NULL },
		    "pid-file=/a b " },
		{ "ONCE", "True\n", { NULL }, "once " },
		{ "WEB_LISTEN_ADDRESS", " :1 \n\t:2\r\n", { NULL },
		    "listen=:1 listen=:2 " },
		{ "SCRAPE_ALLOW_TARGET", "", { NULL }, "" },
		{ "SCRAPE_ALLOW_TARGET", "# all\n", { NULL },
		    "from " ENVIRONMENT "SCRAPE_ALLOW_TARGET: expected a value"
		    " on a line" },
		{ "MEMCACHED_USERNAME", "scott tiger", { NULL },
		    "from " ENVIRONMENT "MEMCACHED_USERNAME:"
		    " --memcached.username: expected a name without blanks" },
		{ "MEMCACHED_TIMEOUT", "soon", { "--help" }, "help " },
		{ "LOG_LEVEL", "loud", { NULL },
		    "from " ENVIRONMENT "LOG_LEVEL: --log.level=loud: expected"
		    " one of debug, info, warn, error" },
		{ "WEB_LISTEN_ADDRESS", ":1\n9150", { NULL },
		    "from " ENVIRONMENT "WEB_LISTEN_ADDRESS:"
		    " --web.listen-address=9150: expected host:port, :port,"
		    " [IPv6]:port, unix:/path or vsock://:port" },
		{ "log_level", "debug", { NULL }, "" },
		{ "NONSENSE", "1", { NULL }, "" },
		{ "HELP", "true", { NULL }, "" },
		{ "VERSION", "0.1.0", { NULL }, "" },
		{ "HELP_MAN", "true", { NULL }, "" },
	};

	for (EACH(r, vars)) {
		char name[64];

		(void)snprintf(name, sizeof(name), ENVIRONMENT "%s", r->name);
		(void)setenv(name, r->value, 1);
		check_options(
		    r->value, count(r->arguments), r->arguments, r->options);
		(void)clearenv();
	}
}

/* The argument that names the file which now holds text. */
static const char *
file_of(const char *text, size_t len)
{
	static char argument[sizeof(path) + 1];

	write_file((struct span){ text, len });
	(void)snprintf(argument, sizeof(argument), "@%s", path);
	return argument;
}

/* An error names the line, behind the file. */
TEST(files)
{
	static const struct {
		struct span text;
		const char *options;
	} files[] = {
		{ SPAN(""), "" },
		{ SPAN("--once\n"), "once " },
		{ SPAN("--once"), "once " },
		{ SPAN("--once\r\n\r\n"), "once " },
		{ SPAN("\t--once \n"), "once " },
		{ SPAN(" # why\n--log.level\ndebug\n\n"), "log=debug,logfmt " },
		{ SPAN("--memcached.pid-file=/a b\n"), "pid-file=/a b " },
		{ SPAN("--memcached.pid-file=\"/a\"\n"), "pid-file=\"/a\" " },
		{ SPAN("\xef\xbb\xbf--once\n"), "once " },
		{ SPAN("\xef\xbb\xbf# note\r\n--once\n"), "once " },
		{ SPAN("\xef\xbb\xbf"), "" },
		{ SPAN("word\n"), ":1: unexpected word" },
		{ SPAN("# why\n\n--once\n--log.level=loud\n--help\n"),
		    ":4: --log.level=loud: expected one of debug, info, warn, "
		    "error" },
		{ SPAN("--log.level"),
		    ":1: expected argument for flag '--log.level'" },
		{ SPAN("\n--log.level debug\n"),
		    ":2: --log.level and its value are one argument: write "
		    "--log.level=VALUE" },
		{ SPAN("@/tmp/another\n"),
		    ":1: a file cannot name another one" },
		{ SPAN("--once\n--log.level=debug\0\n--nonsense\n"),
		    ":2: expected text in UTF-8, not a NUL byte" },
		{ SPAN("\xff\xfe-\0-\0"),
		    ":1: expected text in UTF-8, not a NUL byte" },
	};

	for (EACH(r, files)) {
		const char *argument = file_of(r->text.p, r->text.len);
		char wanted[ERROR_TEXT_MAX];

		(void)snprintf(wanted, sizeof(wanted), "%s%s",
		    r->options[0] == ':' ? argument : "", r->options);
		check_options(r->text.p, 1, &argument, wanted);
	}
}

/* A file stands where its arguments would stand. */
TEST(file_in_its_place)
{
	const char *argv[3] = { "--log.level=debug", NULL,
		"--log.format=json" };

	argv[1] = file_of("--log.level=warn\n", 17);
	check_options("file", 3, argv, "log=warn,json ");
}

/* Refused is one byte more than may be; none of them is read as a flag. */
TEST(large_file)
{
	char *text = malloc(ARGUMENTS_FILE_MAX + 1), wanted[100];
	const char *argument;

	memset(text, '\n', ARGUMENTS_FILE_MAX + 1);
	argument = file_of(text, ARGUMENTS_FILE_MAX);
	check_options("largest", 1, &argument, "");
	argument = file_of(text, ARGUMENTS_FILE_MAX + 1);
	(void)snprintf(wanted, sizeof(wanted), "%s: larger than %u bytes",
	    argument, ARGUMENTS_FILE_MAX);
	check_options("too large", 1, &argument, wanted);
	free(text);
}

TEST(too_many)
{
	static const char *argv[ARGUMENTS_MAX + 1];

	for (EACH(a, argv))
		argv[a - argv] = "--once";
	check_options("most", ARGUMENTS_MAX, argv, "once ");
	check_options(
	    "one more", ARGUMENTS_MAX + 1, argv, "more than 4096 arguments");
	argv[0] = file_of("--once\n", 7);
	check_options("those of a file count", ARGUMENTS_MAX, argv,
	    "more than 4096 arguments");
}

TEST(too_many_lines)
{
	char text[8 * (ARGUMENTS_MAX + 1) + 1];
	const char *argument;
	char wanted[100];

	for (size_t i = 0; i <= ARGUMENTS_MAX; i++)
		memcpy(text + 8 * i, "--once\r\n", 8);
	/* the name of the file is an argument, too */
	argument = file_of(text, 8 * (ARGUMENTS_MAX - 1));
	check_options("most", 1, &argument, "once ");
	argument = file_of(text, 8 * (ARGUMENTS_MAX + 1));
	(void)snprintf(wanted, sizeof(wanted),
	    "%s:4096: more than 4096 arguments", argument);
	check_options("too many", 1, &argument, wanted);
}

TEST(too_many_addresses)
{
	static const char *argv[OPTIONS_LISTEN_MAX + 1];
	char text[3 * (OPTIONS_LISTEN_MAX + 1)];
	struct options o;
	struct error e;

	for (EACH(a, argv))
		argv[a - argv] = "--web.listen-address=:1";
	check_number(
	    "most", arguments_parse(&o, OPTIONS_LISTEN_MAX, argv, &e), 0);
	check_number("most", o.listen_len, OPTIONS_LISTEN_MAX);
	options_release(&o);
	check_options("one more", OPTIONS_LISTEN_MAX + 1, argv,
	    "--web.listen-address=:1: more than 64 addresses");
	memset(text, '\n', sizeof(text));
	for (size_t i = 0; i <= OPTIONS_LISTEN_MAX; i++)
		memcpy(text + 3 * i, ":1", 2);
	text[sizeof(text) - 1] = '\0';
	(void)setenv(ENVIRONMENT "WEB_LISTEN_ADDRESS", text, 1);
	check_options("of the environment", 0, NULL,
	    "from " ENVIRONMENT "WEB_LISTEN_ADDRESS:"
	    " --web.listen-address=:1: more than 64 addresses");
}

#define COLLECTOR_FLAG(id, word, ...) "      --[no-]collector." word " ",

static bool
is_collector_on(const char *flag)
{
	const char *dot = strstr(flag, "collector.");

	for (size_t i = 0; dot != NULL && i < COLLECTORS; i++) {
		size_t len = strlen(collectors[i].name);

		if (strncmp(dot + 10, collectors[i].name, len) == 0 &&
		    dot[10 + len] == ' ')
			return collectors[i].is_preset;
	}
	return false;
}

TEST(help_shows_every_flag)
{
	static const char *const flags[] = {
		"  -h, --help ",
		"      --memcached.address=localhost:11211 ",
		"      --memcached.timeout=1s ",
		"      --memcached.pid-file=\"\" ",
		"      --[no-]memcached.tls.enable ",
		"      --memcached.tls.cert-file=\"\" ",
		"      --memcached.tls.key-file=\"\" ",
		"      --memcached.tls.ca-file=\"\" ",
		"      --memcached.tls.server-name=\"\" ",
		"      --[no-]memcached.tls.insecure-skip-verify ",
		"      --memcached.protocol=ascii ",
		"      --memcached.auth=ascii ",
		"      --memcached.username=\"\" ",
		"      --memcached.password-file=\"\" ",
		"      --config.file=\"\" ",
		"      --[no-]config.check ",
		COLLECTORS_EACH(
		    COLLECTOR_FLAG) "      "
				    "--collector.detail.max-prefixes=100 ",
		"      --metrics.include=\"\" ",
		"      --metrics.exclude=\"\" ",
		"      --web.listen-address=:9150 ",
		"      --web.socket-mode=\"\" ",
		"      --[no-]web.systemd-socket ",
		"      --web.config.file=\"\" ",
		"      --web.max-connections=8192 ",
		"      --web.max-requests=0 ",
		"      --scrape.allow-target=\"\" ",
		"      --scrape.max-targets=16384 ",
		"      --web.telemetry-path=/metrics ",
		"      --web.scrape-path=/scrape ",
		"      --[no-]web.enable-lifecycle ",
		"      --[no-]web.disable-exporter-metrics ",
		"      --[no-]once ",
		"      --locate=\"\" ",
		"      --[no-]healthcheck ",
		"      --pid-file=\"\" ",
		"      --log.level=info ",
		"      --log.format=logfmt ",
		"      --[no-]version ",
	};
	const char *line;
	struct buf out;

	buf_init(&out, 1 << 20);
	help_write(&out);
	buf_add_char(&out, '\0');
	line = strstr(out.p, "\nFlags:\n") + strlen("\nFlags:\n");
	for (EACH(flag, flags)) {
		size_t n = strlen(*flag) - 1;
		bool on = is_collector_on(*flag);
		const char *end, *says;

		check(*flag, strncmp(line, *flag, n) == 0);
		/* what it is for starts in a column, below a long one */
		check_number(*flag, line[n] == '\n', n + 2 > HELP_COLUMN);
		if (line[n] == '\n') {
			line += n + 1;
			n = 0;
		}
		check_number(*flag, n + strspn(line + n, " "), HELP_COLUMN);
		end = strchr(line, '\n');
		says = strstr(line, " On by default.\n");
		check_number(*flag, says != NULL && says < end, on);
		line = end + 1;
	}
	check("the end of the flags", *line == '\n');
	buf_release(&out);
}

/* Nothing of the caller's environment counts. */
static int
begin(void **unused)
{
	(void)unused;
	return clearenv();
}

#define O(name) cmocka_unit_test_setup(name, begin)
int
main(void)
{
	const struct CMUnitTest tests[] = { O(arguments), O(environment),
		O(files), O(file_in_its_place), O(large_file), O(too_many),
		O(too_many_lines), O(too_many_addresses),
		O(help_shows_every_flag) };

	return cmocka_run_group_tests_name(
	    "arguments", tests, make_folder, remove_folder);
}
