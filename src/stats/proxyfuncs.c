/*
 * `stats proxyfuncs`: functions of the proxy's configuration.
 *
 *	STAT funcs_mg 1
 *	STAT slots_mg 4
 */
#include "stats/collector.h"
#include "stats/named.h"

static const char *const prefixes[] = { "funcs_", "slots_" };

static answer_render_fn render;

static const struct answer_family families[] = {
	{ "memcached_proxy_functions", METRIC_GAUGE, "name",
	    "Functions of the proxy's configuration, by name (funcs_<name>).",
	    render },
	{ "memcached_proxy_function_slots", METRIC_GAUGE, "name",
	    "Copies of these functions that are ready for use, by name"
	    " (slots_<name>).",
	    render },
};
_Static_assert(nitems(families) == nitems(prefixes), "one for each");

static enum answer_result
take(void *state, const struct line *line)
{
	return named_take(state, prefixes, nitems(prefixes), line);
}

static void
render(struct buf *out, enum text_format format, const struct answer_family *f,
    const void *state)
{
	named_render(out, format, f, (size_t)(f - families), state);
}

const struct answer answer_proxyfuncs = {
	.size = sizeof(struct named),
	.take = take,
	.release = named_release,
	.families = families,
	.families_len = nitems(families),
};
