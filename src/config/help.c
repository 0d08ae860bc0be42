#include "config/help.h"

#include <string.h>

#include "base/span.h"
#include "config/environment.h"
#include "config/option_type.h"

#define HELP_COLUMN 33

/* "      --name=preset", as wide as it is. */
static void
help_head(struct buf *out, const struct option *o)
{
	bool letter = strcmp(o->name, "help") == 0;

	buf_add_str(out, letter ? "  -h, --" : "      --");
	buf_add_str(out, o->type->is_switch && !letter ? "[no-]" : "");
	buf_add_str(out, o->name);
	if (!o->type->is_switch)
		buf_printf(out, "=%s", is_set(o->preset) ? o->preset : "\"\"");
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
help_write(struct buf *out)
{
	buf_add_str(out,
	    "usage: memcached_exporter [<flags>]\n\n"
	    "Prometheus exporter for memcached and what speaks its "
	    "\"stats\".\n\nFlags:\n");
	for (size_t i = 0; i < options_table_len; i++) {
		const struct option *o = &options_table[i];
		size_t before = out->len, width;

		if (o->hidden)
			continue;
		help_head(out, o);
		width = out->len - before;
		if (width + 2 > HELP_COLUMN) {
			buf_add_char(out, '\n');
			width = 0;
		}
		buf_printf(out, "%*s%s", HELP_COLUMN - (int)width, "", o->help);
		if (o->type->is_switch && strcmp(o->preset, "true") == 0)
			buf_add_str(out, " On by default.");
		help_bounds(out, o);
		buf_add_char(out, '\n');
	}
	buf_add_str(out,
	    "\nEach flag may come from the environment instead: "
	    "--memcached.address\nfrom " ENVIRONMENT_PREFIX
	    "MEMCACHED_ADDRESS, and so on. @FILE reads\narguments from a "
	    "file, one a line.\n");
}
