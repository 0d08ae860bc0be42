#include "config/option_type.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/collectors.h"
#include "config/secret.h"
#include "stats/filter.h"

void *
option_field(struct options *opts, const struct option *o)
{
	return (char *)opts + o->field;
}

static int
set_each(struct options *opts, const char *const *names, const char *text,
    struct error *e)
{
	for (; *names != NULL; names++) {
		const struct option *o = options_find(*names, strlen(*names));

		if (option_set(opts, o, text, e) < 0)
			return -1;
	}
	return 0;
}

int
option_set(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	char echo[ADDRESS_ECHO_MAX];
	struct error why;

	opts->given[o - options_table] = true;
	if (o->stands_for != NULL)
		return set_each(opts, o->stands_for, text, e);
	if (o->type->set(opts, o, text, &why) == 0)
		return 0;
	if (o->type->is_private)
		return error_set(e, "--%s: %s", o->name, why.text);
	address_echo(text, echo);
	return error_set(e, "--%s=%s: %s", o->name, echo, why.text);
}

static int
set_switch(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (parse_bool(span_of(text), option_field(opts, o)) < 0)
		return error_set(e, "expected true or false");
	return 0;
}

static int
set_string(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	char **s = option_field(opts, o);

	(void)e;
	free(*s);
	*s = xstrdup(text);
	return 0;
}

static void
release_text(void *field)
{
	char **s = field;

	free(*s);
	*s = NULL;
}

static int
set_path(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (text[0] != '/' || strpbrk(text, "?#%\\\"<>\x7f") != NULL ||
	    !is_graphic(text))
		return error_set(e,
		    "expected a path that begins with a slash and has no "
		    "blank and none of ?#%%\\\"<>");
	return set_string(opts, o, text, e);
}

static int
set_username(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	if (secret_check_username(text, e) < 0)
		return -1;
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
	*(uint64_t *)option_field(opts, o) = us;
	return 0;
}

static int
set_number(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	uint64_t n;

	if (parse_u64(span_of(text), &n) < 0 || n < o->min || n > o->max)
		return error_set(e, "expected a number from %llu to %llu",
		    (unsigned long long)o->min, (unsigned long long)o->max);
	*(uint64_t *)option_field(opts, o) = n;
	return 0;
}

void
option_words(const struct option *o, char words[OPTION_WORDS_MAX])
{
	size_t len = 0;

	words[0] = '\0';
	for (size_t i = 0; i < o->words_len && len < OPTION_WORDS_MAX; i++)
		len += (size_t)snprintf(words + len, OPTION_WORDS_MAX - len,
		    "%s%s", i > 0 ? ", " : "", o->words[i]);
}

static int
set_choice(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	char words[OPTION_WORDS_MAX];

	for (unsigned i = 0; i < o->words_len; i++) {
		if (strcasecmp(text, o->words[i]) == 0) {
			*(unsigned *)option_field(opts, o) = i;
			return 0;
		}
	}
	option_words(o, words);
	return error_set(e, "expected one of %s", words);
}

/* A bit for each, in one field. */
static int
set_collector(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	unsigned bits = collector_set(strchr(o->name, '.') + 1);
	unsigned *set = option_field(opts, o);
	bool on;

	if (parse_bool(span_of(text), &on) < 0)
		return error_set(e, "expected true or false");
	if (!on && bits == COLLECTOR_BIT(COLLECTOR_STATS))
		return error_set(e, "stats is always asked, for memcached_up");
	*set = on ? *set | bits : *set & ~bits;
	return 0;
}

static int
set_target(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	opts->has_target = text[0] != '\0';
	if (!opts->has_target)
		return 0;
	return address_parse(option_field(opts, o), text, MEMCACHED_PORT, e);
}

static int
set_allow(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	struct allow **allow = option_field(opts, o);

	if (text[0] == '\0')
		return error_set(
		    e, "expected a rule; without the flag any host is allowed");
	return allow_add(*allow, text, e);
}

static void
release_allow(void *field)
{
	struct allow **allow = field;

	allow_free(*allow);
	*allow = NULL;
}

static int
add_glob(struct options *opts, const struct option *o, enum filter_list list,
    const char *text, struct error *e)
{
	struct filter **filter = option_field(opts, o);
	char place[OPTION_NAME_MAX];

	(void)snprintf(place, sizeof(place), "--%s", o->name);
	if (*filter == NULL)
		*filter = filter_new();
	return filter_add(*filter, list, text, place, e);
}

static int
set_include(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return add_glob(opts, o, FILTER_INCLUDE, text, e);
}

static int
set_exclude(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	return add_glob(opts, o, FILTER_EXCLUDE, text, e);
}

static int
set_listen(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	struct address **list = option_field(opts, o);
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

static void
release_listen(void *field)
{
	struct address **list = field;

	free(*list);
	*list = NULL;
}

static int
set_mode(struct options *opts, const struct option *o, const char *text,
    struct error *e)
{
	unsigned mode;

	if (text[0] != '\0' && parse_mode(span_of(text), &mode) < 0)
		return error_set(e, "expected octal permissions such as 0660");
	*(int *)option_field(opts, o) = text[0] != '\0' ? (int)mode : -1;
	return 0;
}

static bool
is_off(const void *field)
{
	return !*(const bool *)field;
}

static bool
is_no_text(const void *field)
{
	return !is_set(*(const char *const *)field);
}

static bool
is_first_word(const void *field)
{
	return *(const unsigned *)field == 0;
}

#define TEXT .release = release_text, .is_nothing = is_no_text

const struct option_type option_switch = {
	.set = set_switch, .is_nothing = is_off, .is_switch = true
};
const struct option_type option_collector = { .set = set_collector,
	.is_switch = true };
const struct option_type option_string = { .set = set_string, TEXT };
const struct option_type option_file = {
	.set = set_string, .is_file = true, TEXT
};
const struct option_type option_path = { .set = set_path, TEXT };
const struct option_type option_username = {
	.set = set_username, TEXT, .is_private = true
};
const struct option_type option_number = { .set = set_number };
const struct option_type option_duration = { .set = set_duration };
const struct option_type option_choice = { .set = set_choice,
	.is_nothing = is_first_word };
const struct option_type option_mode = { .set = set_mode };
const struct option_type option_target = { .set = set_target };
const struct option_type option_listen = {
	.set = set_listen, .release = release_listen, .is_list = true
};
const struct option_type option_include = { .set = set_include,
	.is_list = true };
const struct option_type option_exclude = { .set = set_exclude,
	.is_list = true };
const struct option_type option_allow = {
	.set = set_allow, .release = release_allow, .is_list = true
};
