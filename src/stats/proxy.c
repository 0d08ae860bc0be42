/*
 * `stats proxy`: of memcached as a proxy. The keys that memcached has are in the
 * catalogue; what is left are those that the proxy's configuration made.
 *
 *	STAT user_name 7
 */
#include "stats/collector.h"
#include "stats/named.h"

static const char *const prefixes[] = { "user_" };

static answer_render_fn render;

static const struct answer_family families[] = {
	{ "memcached_proxy_user_stat", METRIC_UNKNOWN, "name",
	    "Counters and gauges of the proxy's configuration"
	    " (user_<name>).",
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

const struct answer answer_proxy = {
	.is_filed = true,
	.size = sizeof(struct named),
	.take = take,
	.release = named_release,
	.families = families,
	.families_len = nitems(families),
};
