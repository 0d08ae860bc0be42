/*
 * `stats proxybe`: backends that the proxy has marked bad.
 *
 *	STAT bad_10.0.0.1:11211 3
 */
#include "stats/collector.h"
#include "stats/named.h"

static const char *const prefixes[] = { "bad_" };

static answer_render_fn render;

static const struct answer_family families[] = {
	{ "memcached_proxy_backend_bad", METRIC_GAUGE, "backend",
	    "Failures in a row of a backend that the proxy does not use for"
	    " now (bad_<backend>).",
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

const struct answer answer_proxybe = {
	.size = sizeof(struct named),
	.take = take,
	.release = named_release,
	.families = families,
	.families_len = nitems(families),
};
