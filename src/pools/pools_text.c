#include "pools/pools_text.h"

#include "base/address.h"
#include "base/span.h"
#include "pools/pool.h"
#include "pools/pools.h"
#include "stats/filter.h"
#include "stats/probe.h"

enum {
	SERVERS,
	RATIO,
	UP,
	UP_RATIO
};

static const struct {
	const char *name, *help;
} families[] = {
	[SERVERS] = { "memcached_pool_servers", "Servers of the pool." },
	[RATIO] = { "memcached_pool_key_ratio",
	    "Share of the keys that libmemcached gives to the server, 0 to "
	    "1." },
	[UP] = { "memcached_pool_server_up",
	    "1 when the server answered \"stats\" in time." },
	[UP_RATIO] = { "memcached_pool_up_key_ratio",
	    "Share of the keys whose server is up, 0 to 1." },
};

/* False, without a head, when the family is not shown. */
static bool
head(struct buf *out, enum text_format format, const struct filter *filter,
    int family)
{
	const char *name = families[family].name;

	if (!filter_shows(filter, name))
		return false;
	text_family(out, format, name, METRIC_GAUGE, families[family].help);
	return true;
}

/* name{pool="…" */
static void
begin(struct buf *out, int family, const struct pool *p)
{
	buf_add_str(out, families[family].name);
	buf_add_char(out, '{');
	text_label(out, "pool", span_of(pool_name(p)));
}

/* ,server="…" */
static void
add_server(struct buf *out, const struct pool *p, size_t i)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(pool_server(p, i), text);
	text_label(out, "server", span_of(text));
}

static void
end(struct buf *out)
{
	buf_add_str(out, "} ");
}

static void
add_servers(struct buf *out, const struct pool *p)
{
	begin(out, SERVERS, p);
	end(out);
	buf_add_u64(out, pool_servers(p));
	buf_add_char(out, '\n');
}

/* A server that is there twice has one series, of both shares. */
static void
add_ratios(struct buf *out, const struct pool *p)
{
	for (size_t i = 0; i < pool_servers(p) && pool_is_sampled(p); i++) {
		if (pool_first(p, i) != i)
			continue;
		begin(out, RATIO, p);
		add_server(out, p, i);
		end(out);
		text_double(out, pool_key_ratio(p, i));
		buf_add_char(out, '\n');
	}
}

void
pools_text(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pools *ps)
{
	if (pools_count(ps) == 0)
		return;
	if (head(out, format, filter, SERVERS)) {
		for (size_t i = 0; i < pools_count(ps); i++)
			add_servers(out, pools_at(ps, i));
	}
	if (head(out, format, filter, RATIO)) {
		for (size_t i = 0; i < pools_count(ps); i++)
			add_ratios(out, pools_at(ps, i));
	}
}

void
pool_text(struct buf *out, enum text_format format, const struct filter *filter,
    const struct pool *p)
{
	if (head(out, format, filter, SERVERS))
		add_servers(out, p);
	if (head(out, format, filter, RATIO))
		add_ratios(out, p);
}

static void
add_up(struct buf *out, const struct pool *p, const bool *up)
{
	for (size_t i = 0; i < pool_servers(p); i++) {
		if (pool_first(p, i) != i)
			continue;
		begin(out, UP, p);
		add_server(out, p, i);
		end(out);
		buf_add_u64(out, up[i]);
		buf_add_char(out, '\n');
	}
}

static void
add_up_ratio(struct buf *out, const struct pool *p, const bool *up)
{
	double sum = 0;

	for (size_t i = 0; i < pool_servers(p); i++) {
		if (pool_first(p, i) == i && up[i])
			sum += pool_key_ratio(p, i);
	}
	begin(out, UP_RATIO, p);
	end(out);
	text_double(out, sum < 1 ? sum : 1);
	buf_add_char(out, '\n');
}

void
pool_text_up(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pool *p, const bool *up)
{
	if (head(out, format, filter, UP))
		add_up(out, p, up);
	if (pool_is_sampled(p) && head(out, format, filter, UP_RATIO))
		add_up_ratio(out, p, up);
}

struct labels {
	const struct pool *pool;
};

static void
add_labels(struct buf *out, size_t i, void *arg)
{
	const struct labels *labels = arg;

	text_label(out, "pool", span_of(pool_name(labels->pool)));
	add_server(out, labels->pool, i);
}

void
pool_text_probes(struct buf *out, enum text_format format,
    const struct filter *filter, const struct pool *p,
    const struct probe_result *results)
{
	struct labels labels = { p };

	probes_render(
	    out, format, filter, results, pool_servers(p), add_labels, &labels);
}

void
pools_families(text_family_fn *each, void *arg)
{
	for (size_t i = 0; i < nitems(families); i++)
		each(families[i].name, arg);
}
