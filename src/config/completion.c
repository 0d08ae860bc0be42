#include "config/completion.h"

#include <string.h>

#include "base/span.h"
#include "config/option_type.h"
#include "config/options.h"

/* Words of a choice, with blanks between. */
static void
add_words(struct buf *out, const struct option *o)
{
	for (size_t i = 0; i < o->words_len; i++) {
		buf_add_str(out, i > 0 ? " " : "");
		buf_add_str(out, o->words[i]);
	}
}

/* The first sentence of its help, without the dot, as a list has room for. */
static struct span
summary(const struct option *o)
{
	const char *end = strstr(o->help, ". ");
	size_t len = end != NULL ? (size_t)(end - o->help) : strlen(o->help);

	if (len > 0 && o->help[len - 1] == '.')
		len--;
	return (struct span){ o->help, len };
}

/* Between single quotes: those in it, and what `special` names, are escaped. */
static void
add_quoted(struct buf *out, struct span text, const char *special)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '\'') {
			buf_add_str(out, "'\\''");
			continue;
		}
		if (strchr(special, c) != NULL)
			buf_add_char(out, '\\');
		buf_add_char(out, c);
	}
}

static void
bash_flag(struct buf *out, const struct option *o)
{
	buf_printf(out, " --%s%s", o->name, o->type->is_switch ? "" : "=");
	if (o->type->is_switch && !o->asks)
		buf_printf(out, " --no-%s", o->name);
}

/* What comes behind "--flag=", which bash makes three words of. */
static void
bash_value(struct buf *out, const struct option *o)
{
	if (o->words_len > 0) {
		buf_printf(out,
		    "\t--%s)\n"
		    "\t\tCOMPREPLY=($(compgen -W '",
		    o->name);
		add_words(out, o);
		buf_add_str(out, "' -- \"$cur\"))\n\t\treturn\n\t\t;;\n");
	} else if (o->type->is_file) {
		buf_printf(out,
		    "\t--%s)\n"
		    "\t\tcompopt -o filenames\n"
		    "\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
		    "\t\treturn\n\t\t;;\n",
		    o->name);
	} else if (!o->type->is_switch) {
		buf_printf(out, "\t--%s)\n\t\treturn\n\t\t;;\n", o->name);
	}
}

static void
bash_begin(struct buf *out)
{
	buf_add_str(out, "# bash completion for memcached_exporter\n"
			 "_memcached_exporter()\n{\n"
			 "\tlocal cur=$2 prev=$3\n"
			 "\tif [ \"$cur\" = = ]; then\n"
			 "\t\tcur=\n"
			 "\telif [ \"$prev\" = = ]; then\n"
			 "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
			 "\tfi\n"
			 "\tcase $prev in\n");
}

static void
bash_end(struct buf *out)
{
	buf_add_str(out, "\tesac\n\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; i < options_table_len; i++) {
		if (!options_table[i].hidden)
			bash_flag(out, &options_table[i]);
	}
	buf_add_str(out,
	    "' -- \"$cur\"))\n"
	    "\tcase ${COMPREPLY-} in\n"
	    "\t*=) compopt -o nospace ;;\n"
	    "\tesac\n}\n"
	    "complete -F _memcached_exporter memcached_exporter\n");
}

static void
zsh_begin(struct buf *out)
{
	buf_add_str(out,
	    "#compdef memcached_exporter\n\n_memcached_exporter() {\n"
	    "\t_arguments -S");
}

static void
zsh_flag(struct buf *out, const struct option *o)
{
	buf_printf(out, " \\\n\t\t'%s--%s%s[", o->type->is_list ? "*" : "",
	    o->name, o->type->is_switch ? "" : "=");
	add_quoted(out, summary(o), "[]\\:");
	buf_add_char(out, ']');
	if (o->words_len > 0) {
		buf_add_str(out, ":word:(");
		add_words(out, o);
		buf_add_char(out, ')');
	} else if (!o->type->is_switch) {
		buf_add_str(out, o->type->is_file ? ":file:_files" : ":value:");
	}
	buf_add_char(out, '\'');
	if (o->type->is_switch && !o->asks)
		buf_printf(
		    out, " \\\n\t\t'--no-%s[Off\\: --%s]'", o->name, o->name);
}

static void
zsh_end(struct buf *out)
{
	buf_add_str(out,
	    "\n}\n\n"
	    "if [ \"$funcstack[1]\" = _memcached_exporter ]; then\n"
	    "\t_memcached_exporter \"$@\"\n"
	    "else\n"
	    "\tcompdef _memcached_exporter memcached_exporter\n"
	    "fi\n");
}

static void
fish_begin(struct buf *out)
{
	buf_add_str(out, "# fish completion for memcached_exporter\n"
			 "complete -c memcached_exporter -f\n");
}

static void
fish_flag(struct buf *out, const struct option *o)
{
	buf_printf(out, "complete -c memcached_exporter -l %s", o->name);
	if (o->words_len > 0) {
		buf_add_str(out, " -x -a '");
		add_words(out, o);
		buf_add_char(out, '\'');
	} else if (!o->type->is_switch) {
		buf_add_str(out, o->type->is_file ? " -r -F" : " -x");
	}
	buf_add_str(out, " -d '");
	add_quoted(out, summary(o), "\\");
	buf_add_str(out, "'\n");
	if (o->type->is_switch && !o->asks)
		buf_printf(out,
		    "complete -c memcached_exporter -l no-%s -d 'Off: --%s'\n",
		    o->name, o->name);
}

static void
nothing(struct buf *out)
{
	(void)out;
}

static const struct {
	void (*begin)(struct buf *out);
	void (*each)(struct buf *out, const struct option *o);
	void (*end)(struct buf *out);
} shells[] = {
	[SHELL_BASH] = { bash_begin, bash_value, bash_end },
	[SHELL_ZSH] = { zsh_begin, zsh_flag, zsh_end },
	[SHELL_FISH] = { fish_begin, fish_flag, nothing },
};

void
completion_write(enum shell shell, struct buf *out)
{
	shells[shell].begin(out);
	for (size_t i = 0; i < options_table_len; i++) {
		if (!options_table[i].hidden)
			shells[shell].each(out, &options_table[i]);
	}
	shells[shell].end(out);
}
