#include "config/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/span.h"
#include "config/option_type.h"

#define ENVIRONMENT_PREFIX "MEMCACHED_EXPORTER_"

#define NAME_BYTES_MAX 64
#define HELP_COLUMN 33

/* One source after the other, the strongest first. */
struct parse {
	struct options *opts;
	bool only_words; /* behind "--" no flag may follow */
	bool in_environment;
	int depth; /* of @file */
	size_t arguments;
	struct error *e;
};

static int set(struct parse *p, const struct option *o, const char *text);

/* What a stronger source has said stays. */
static int
set_each(struct parse *p, const struct option *o, const char *text)
{
	for (const char *const *name = o->stands_for; *name != NULL; name++) {
		const struct option *each = options_find(*name, strlen(*name));

		if (p->in_environment && p->opts->given[each - options_table])
			continue;
		if (set(p, each, text) < 0)
			return -1;
	}
	return 0;
}

static int
set(struct parse *p, const struct option *o, const char *text)
{
	char echo[ADDRESS_ECHO_MAX];
	struct error why;

	p->opts->given[o - options_table] = true;
	if (o->stands_for != NULL)
		return set_each(p, o, text);
	address_echo(text, echo);
	if (o->type->set(p->opts, o, text, &why) < 0)
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
	const struct option *o = options_find(arg, len);
	char echo[ADDRESS_ECHO_MAX];

	if (o == NULL && text == NULL && strncmp(arg, "no-", 3) == 0) {
		o = options_find(arg + 3, len - 3);
		if (o != NULL && o->type->is_switch)
			return set(p, o, "false");
		o = NULL;
	}
	if (o == NULL && memchr(arg, '@', len) != NULL) {
		address_echo(arg, echo);
		return error_set(p->e, "unknown long flag '--%s'", echo);
	}
	if (o == NULL)
		return error_set(
		    p->e, "unknown long flag '--%.*s'", (int)len, arg);
	if (text == NULL && o->type->is_switch)
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
	if (++p->arguments > ARGUMENTS_MAX)
		return error_set(p->e, "more than %d arguments", ARGUMENTS_MAX);
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
	text = xmalloc(ARGUMENTS_FILE_MAX + 1);
	n = fread(text, 1, ARGUMENTS_FILE_MAX + 1, f);
	if (ferror(f))
		r = error_set(e, "@%s: %s", path, strerror(errno));
	else if (n > ARGUMENTS_FILE_MAX)
		r = error_set(
		    e, "@%s: larger than %u bytes", path, ARGUMENTS_FILE_MAX);
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
	lines = xcalloc(ARGUMENTS_MAX + 1, sizeof(*lines));
	r = parse_list(p, split_lines(text, lines, ARGUMENTS_MAX + 1), lines);
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

	if (!o->type->is_list)
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
	return strcmp(o->name, "help") == 0 || strcmp(o->name, "version") == 0;
}

static int
parse_environment(struct parse *p)
{
	p->in_environment = true;
	for (size_t i = 0; i < options_table_len; i++) {
		char name[NAME_BYTES_MAX];
		struct error why;
		const char *text;

		if (is_question(&options_table[i]) || p->opts->given[i])
			continue;
		environment_name(&options_table[i], name);
		text = getenv(name);
		if (text == NULL || text[0] == '\0')
			continue;
		if (set_environment(p, &options_table[i], text) < 0) {
			why = *p->e;
			return error_set(p->e, "from %s: %s", name, why.text);
		}
	}
	return 0;
}

/* Given is not what a preset sets. */
static int
parse_presets(struct options *opts, struct error *e)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *o = &options_table[i];

		if (opts->given[i] || o->stands_for != NULL)
			continue;
		if (o->type->set(opts, o, o->preset, e) < 0)
			return -1;
	}
	return 0;
}

int
arguments_parse(
    struct options *o, int argc, const char *const *argv, struct error *e)
{
	struct parse p = { .opts = o, .e = e };

	options_init(o);
	if (parse_list(&p, argc, argv) < 0 || parse_environment(&p) < 0 ||
	    parse_presets(o, e) < 0)
		return -1;
	return options_check(o, e);
}

/* "      --name=preset", as wide as it is. */
static void
help_head(struct buf *out, const struct option *o)
{
	bool letter = strcmp(o->name, "help") == 0;

	buf_add_str(out, letter ? "  -h, --" : "      --");
	buf_add_str(out, o->type->is_switch && !letter ? "[no-]" : "");
	buf_add_str(out, o->name);
	if (!o->type->is_switch)
		buf_printf(
		    out, "=%s", o->preset[0] != '\0' ? o->preset : "\"\"");
}

/* What its value may be. */
static void
help_bounds(struct buf *out, const struct option *o)
{
	char words[OPTION_WORDS_MAX];

	option_words(o, words);
	if (words[0] != '\0')
		buf_printf(out, " One of: %s.", words);
	if (o->max > 0)
		buf_printf(out, " From %llu to %llu.",
		    (unsigned long long)o->min, (unsigned long long)o->max);
}

void
arguments_help(struct buf *out)
{
	buf_add_str(out,
	    "usage: memcached_exporter [<flags>]\n\n"
	    "Prometheus exporter for memcached and what speaks its "
	    "\"stats\".\n\nFlags:\n");
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *o = &options_table[i];
		size_t before = out->len, width;

		if (o->stands_for != NULL)
			continue;
		help_head(out, o);
		width = out->len - before;
		if (width + 2 > HELP_COLUMN) {
			buf_add_char(out, '\n');
			width = 0;
		}
		buf_printf(out, "%*s%s", HELP_COLUMN - (int)width, "", o->help);
		if (o->type->is_switch && strcmp(o->preset, "true") == 0)
			buf_add_str(out, " On unless switched off.");
		help_bounds(out, o);
		buf_add_char(out, '\n');
	}
	buf_add_str(out,
	    "\nEach flag may come from the environment instead: "
	    "--memcached.address\nfrom " ENVIRONMENT_PREFIX
	    "MEMCACHED_ADDRESS, and so on. @FILE reads\narguments from a "
	    "file, one a line.\n");
}
