#include "config/arguments.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/environment.h"
#include "config/lines.h"
#include "config/option_type.h"

#define BOM "\xef\xbb\xbf"

struct parse {
	struct options *opts;
	const struct option *last; /* the flag that was set last */
	bool only_words;           /* behind "--" no flag may follow */
	int depth;                 /* of @file */
	size_t arguments;
	struct error *e;
};

static int
set(struct parse *p, const struct option *o, const char *text)
{
	p->last = o;
	return option_set(p->opts, o, text, p->e);
}

/* The switch whose name, with "no-" in front, is that of len bytes. */
static const struct option *
find_negated(const char *name, size_t len)
{
	const struct option *o = NULL;

	if (len > 3 && memcmp(name, "no-", 3) == 0)
		o = options_find(name + 3, len - 3);
	return o != NULL && o->type->is_switch ? o : NULL;
}

/* --no-flag, --no-flag=true, --no-flag=false. */
static int
set_negated(struct parse *p, const struct option *o, const char *text)
{
	bool on = true;

	if (text != NULL && parse_bool(span_of(text), &on) < 0)
		return error_set(p->e,
		    "--no-%s: expected true or false, or "
		    "no value",
		    o->name);
	return set(p, o, on ? "false" : "true");
}

/* The same letter, or two of the signs that stand between words. */
static bool
is_similar(char a, char b)
{
	static const char signs[] = "._-";

	return tolower((unsigned char)a) == tolower((unsigned char)b) ||
	       (strchr(signs, a) != NULL && strchr(signs, b) != NULL);
}

/*
 * The first flag that begins with an unknown one's name, or nearly so: of
 * web.config, Log.Level or memcached_address.
 */
static const struct option *
find_similar(const char *name, size_t len)
{
	for (size_t i = 0; len > 1 && i < options_table_len; i++) {
		const struct option *o = &options_table[i];
		size_t n = 0;

		while (n < len && o->name[n] != '\0' &&
		       is_similar(o->name[n], name[n]))
			n++;
		if (n == len && !o->hidden)
			return o;
	}
	return NULL;
}

/* What editors and web pages make of "--". */
static const char *
skip_dashes(const char *arg)
{
	static const char *const dashes[] = { "-", "\xe2\x80\x90",
		"\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93", "\xe2\x80\x94",
		"\xe2\x80\x95", "\xe2\x88\x92" };

	for (size_t i = 0; i < nitems(dashes); i++) {
		if (span_begins(span_of(arg), dashes[i]))
			return skip_dashes(arg + strlen(dashes[i]));
	}
	return arg;
}

/* A flag without its two dashes, or with others: what to write; else 0. */
static int
refuse_dashes(struct parse *p, const char *arg)
{
	const char *name = skip_dashes(arg);
	int len = (int)strcspn(name, "= \t"), head = (int)(name - arg) + len;

	if (options_find(name, (size_t)len) == NULL &&
	    find_negated(name, (size_t)len) == NULL)
		return 0;
	return error_set(p->e, "%.*s: write it with two dashes, --%.*s", head,
	    arg, len, name);
}

/* arg is without its dashes; its value is not shown. */
static int
refuse_long(struct parse *p, const char *arg)
{
	int len = (int)strcspn(arg, "="), word = (int)strcspn(arg, "= \t");
	const struct option *similar = find_similar(arg, (size_t)len);
	char echo[ADDRESS_ECHO_MAX];

	if (word < len && options_find(arg, (size_t)word) != NULL)
		return error_set(p->e,
		    "--%.*s and its value are one argument: write "
		    "--%.*s=VALUE",
		    word, arg, word, arg);
	if (memchr(arg, '@', (size_t)len) != NULL) {
		address_echo(arg, echo);
		return error_set(p->e, "unknown long flag '--%s'", echo);
	}
	if (similar != NULL)
		return error_set(p->e,
		    "unknown long flag '--%.*s'; --%s exists", len, arg,
		    similar->name);
	return error_set(p->e, "unknown long flag '--%.*s'", len, arg);
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
	const struct option *negated = find_negated(arg, len);

	if (o == NULL && negated != NULL)
		return set_negated(p, negated, text);
	if (o == NULL)
		return arg[0] == '-' && refuse_dashes(p, arg - 2) < 0
			   ? -1
			   : refuse_long(p, arg);
	if (text == NULL && o->type->is_switch)
		return set(p, o, "true");
	if (text != NULL)
		return set(p, o, text);
	if (next == NULL || strncmp(next, "--", 2) == 0)
		return error_set(
		    p->e, "expected argument for flag '--%s'", arg);
	return set(p, o, next) < 0 ? -1 : 1;
}

/* One dash: only -h is a flag. Others may have a value, which is not shown. */
static int
parse_short(struct parse *p, const char *arg)
{
	if (refuse_dashes(p, arg) < 0)
		return -1;
	if (arg[1] == 'h')
		return set(p, options_find("help", 4), "true");
	return error_set(p->e, "unknown short flag '%.2s'", arg);
}

/* It may be a password that was meant for the flag in front of it. */
static int
refuse_word(struct parse *p, const char *arg)
{
	char echo[ADDRESS_ECHO_MAX];

	if (!p->only_words && refuse_dashes(p, arg) < 0)
		return -1;
	if (p->last != NULL && p->last->connects)
		return error_set(
		    p->e, "unexpected argument behind --%s", p->last->name);
	address_echo(arg, echo);
	return error_set(p->e, "unexpected %s", echo);
}

/* The only arguments that are no flags: keys of --locate. */
static int
take_word(struct parse *p, const char *arg)
{
	struct options *o = p->opts;

	if (!is_set(o->locate))
		return refuse_word(p, arg);
	o->keys = xreallocarray(o->keys, o->keys_len + 1, sizeof(*o->keys));
	o->keys[o->keys_len++] = xstrdup(arg);
	return 0;
}

static int parse_file(struct parse *p, const char *path);

/* As parse_long, for any argument. */
static int
parse_argument(struct parse *p, const char *arg, const char *next)
{
	if (++p->arguments > ARGUMENTS_MAX)
		return error_set(p->e, "more than %d arguments", ARGUMENTS_MAX);
	if (p->only_words || (arg[0] != '-' && arg[0] != '@'))
		return take_word(p, arg);
	if (arg[0] == '@')
		return parse_file(p, arg + 1);
	if (strcmp(arg, "--") == 0) {
		p->only_words = true;
		return 0;
	}
	return arg[1] == '-' ? parse_long(p, arg + 2, next)
			     : parse_short(p, arg);
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

/* A pipe will do, as a shell's @<(...) is one. */
static int
read_text(
    const char *path, char *text, size_t size, size_t *len, struct error *e)
{
	FILE *f = fopen(path, "re");
	int r = 0;

	if (f == NULL)
		return error_set(e, "@%s: %s", path, strerror(errno));
	*len = fread(text, 1, size, f);
	if (ferror(f))
		r = error_set(e, "@%s: %s", path, strerror(errno));
	else if (*len == size)
		r = error_set(
		    e, "@%s: larger than %u bytes", path, ARGUMENTS_FILE_MAX);
	(void)fclose(f);
	return r;
}

/* What would end a line, and the rest would be lost. */
static int
check_text(const char *path, const char *text, size_t len, struct error *e)
{
	const char *nul = memchr(text, '\0', len);
	size_t number = 1;

	if (nul == NULL)
		return 0;
	for (const char *c = text; c < nul; c++)
		number += *c == '\n';
	return error_set(
	    e, "@%s:%zu: expected text in UTF-8, not a NUL byte", path, number);
}

static int
parse_lines(struct parse *p, const char *path, char *text)
{
	struct line_value *lines = xcalloc(ARGUMENTS_MAX + 1, sizeof(*lines));
	size_t n = lines_split(text, lines, ARGUMENTS_MAX + 1);
	int used = 0;

	for (size_t i = 0; i < n && used >= 0; i += 1 + (size_t)used) {
		struct error why;

		used = parse_argument(
		    p, lines[i].text, i + 1 < n ? lines[i + 1].text : NULL);
		if (used >= 0)
			continue;
		why = *p->e;
		(void)error_set(
		    p->e, "@%s:%zu: %s", path, lines[i].number, why.text);
	}
	free(lines);
	return used < 0 ? -1 : 0;
}

static int
parse_file(struct parse *p, const char *path)
{
	char *text;
	size_t len = 0;
	int r;

	if (p->depth > 0)
		return error_set(p->e, "a file cannot name another one");
	text = xmalloc(ARGUMENTS_FILE_MAX + 1);
	r = read_text(path, text, ARGUMENTS_FILE_MAX + 1, &len, p->e);
	if (r == 0)
		r = check_text(path, text, len, p->e);
	if (r == 0) {
		text[len] = '\0';
		p->depth++;
		r = parse_lines(p, path,
		    text + (strncmp(text, BOM, strlen(BOM)) == 0 ? strlen(BOM)
								 : 0));
		p->depth--;
	}
	free(text);
	return r;
}

/* Given is not what a preset sets. */
static int
set_presets(struct options *opts, struct error *e)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *o = &options_table[i];

		if (!opts->given[i] && o->preset != NULL &&
		    o->type->set(opts, o, o->preset, e) < 0)
			return -1;
	}
	return 0;
}

/* Help is shown, whatever else is wrong. */
static bool
find_question(struct options *opts, int argc, const char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const struct option *o = NULL;

		if (strncmp(argv[i], "--", 2) == 0)
			o = options_find(argv[i] + 2, strlen(argv[i] + 2));
		else if (strncmp(argv[i], "-h", 2) == 0)
			o = options_find("help", 4);
		if (o != NULL && o->asks) {
			*(bool *)option_field(opts, o) = true;
			return true;
		}
	}
	return false;
}

int
arguments_parse(
    struct options *o, int argc, const char *const *argv, struct error *e)
{
	struct parse p = { .opts = o, .e = e };

	options_init(o);
	if (parse_list(&p, argc, argv) == 0 && environment_read(o, e) == 0 &&
	    set_presets(o, e) == 0 && options_check(o, e) == 0)
		return 0;
	return find_question(o, argc, argv) ? 0 : -1;
}
