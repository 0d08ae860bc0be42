#include "config/environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/lines.h"
#include "config/option_type.h"

/* The longest name of a variable; a longer one is of no flag. */
#define NAME_BYTES_MAX 64

static void
variable_name(const struct option *o, char name[NAME_BYTES_MAX])
{
	char *p = name;

	(void)snprintf(name, NAME_BYTES_MAX, ENVIRONMENT_PREFIX "%s", o->name);
	for (p += strlen(ENVIRONMENT_PREFIX); *p != '\0'; p++)
		*p = (char)(isalnum((unsigned char)*p)
				? toupper((unsigned char)*p)
				: '_');
}

static int
set_list(
    struct options *opts, const struct option *o, char *text, struct error *e)
{
	struct line_value values[ALLOW_RULES_MAX + 1];
	size_t n = lines_split(text, values, ALLOW_RULES_MAX + 1);

	if (n == 0)
		return error_set(e, "expected a value on a line");
	for (size_t i = 0; i < n; i++) {
		if (option_set(opts, o, values[i].text, e) < 0)
			return -1;
	}
	return 0;
}

/* What has been given stays, also by another name. */
static int
set_each(struct options *opts, const char *const *names, const char *text,
    struct error *e)
{
	for (; *names != NULL; names++) {
		const struct option *o = options_find(*names, strlen(*names));

		if (!opts->given[o - options_table] &&
		    option_set(opts, o, text, e) < 0)
			return -1;
	}
	return 0;
}

/* text is that of a variable, and is changed. */
static int
set_flag(
    struct options *opts, const struct option *o, char *text, struct error *e)
{
	text = lines_trim(text);
	if (text[0] == '\0')
		return 0;
	if (o->stands_for != NULL)
		return set_each(opts, o->stands_for, text, e);
	return o->type->is_list ? set_list(opts, o, text, e)
				: option_set(opts, o, text, e);
}

static int
read_variable(struct options *opts, const struct option *o, struct error *e)
{
	char name[NAME_BYTES_MAX], *copy;
	const char *text;
	struct error why;
	int r;

	variable_name(o, name);
	text = getenv(name);
	if (text == NULL)
		return 0;
	copy = xstrdup(text);
	r = set_flag(opts, o, copy, &why);
	free(copy);
	return r < 0 ? error_set(e, "from %s: %s", name, why.text) : 0;
}

int
environment_read(struct options *o, struct error *e)
{
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *row = &options_table[i];

		if (!row->asks && !o->given[i] && read_variable(o, row, e) < 0)
			return -1;
	}
	return 0;
}

static bool
is_of_flag(const char *name)
{
	char of_flag[NAME_BYTES_MAX];

	for (size_t i = 0; i < options_table_len; i++) {
		variable_name(&options_table[i], of_flag);
		if (strcmp(name, of_flag) == 0)
			return true;
	}
	return false;
}

/*
 * https://kubernetes.io/docs/concepts/services-networking/service, "Environment
 * variables": SERVICE_HOST, SERVICE_PORT, PORT, PORT_9150_TCP and more, behind
 * the name of a service, which may have words behind ours.
 */
static bool
is_service_link(const char *name)
{
	const char *rest = name + strlen(ENVIRONMENT_PREFIX) - 1;
	const char *port = strstr(rest, "_PORT");

	return strstr(rest, "_SERVICE_") != NULL ||
	       (port != NULL && (port[5] == '\0' || port[5] == '_'));
}

void
environment_unknown(void (*each)(const char *name, void *arg), void *arg)
{
	for (char **variable = environ; *variable != NULL; variable++) {
		size_t len = strcspn(*variable, "=");
		char *name;

		if (strncmp(*variable, ENVIRONMENT_PREFIX,
			strlen(ENVIRONMENT_PREFIX)) != 0 ||
		    (*variable)[len] == '\0' || (*variable)[len + 1] == '\0')
			continue;
		name = xstrndup(*variable, len);
		if (!is_of_flag(name) && !is_service_link(name))
			each(name, arg);
		free(name);
	}
}
