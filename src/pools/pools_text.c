#include "pools/pools_text.h"

#include "base/address.h"
#include "base/span.h"
#include "pools/pool.h"
#include "pools/pools.h"

static const char servers_name[] = "memcached_pool_servers";
static const char ratio_name[] = "memcached_pool_key_ratio";
static const char up_name[] = "memcached_pool_server_up";
static const char up_ratio_name[] = "memcached_pool_up_key_ratio";

static void
head(struct buf *out, enum text_format format, const char *name,
    const char *help)
{
	text_family(out, format, name, METRIC_GAUGE, help);
}

static void
head_servers(struct buf *out, enum text_format format)
{
	head(out, format, servers_name, "Servers of the pool.");
}

static void
head_ratio(struct buf *out, enum text_format format)
{
	head(out, format, ratio_name,
	    "Share of the keys that libmemcached gives to the server, 0 to 1.");
}

/* name{pool="…" */
static void
begin(struct buf *out, const char *name, const struct pool *p)
{
	buf_add_str(out, name);
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
	begin(out, servers_name, p);
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
		begin(out, ratio_name, p);
		add_server(out, p, i);
		end(out);
		text_double(out, pool_key_ratio(p, i));
		buf_add_char(out, '\n');
	}
}

void
pools_text(struct buf *out, enum text_format format, const struct pools *ps)
{
	if (pools_count(ps) == 0)
		return;
	head_servers(out, format);
	for (size_t i = 0; i < pools_count(ps); i++)
		add_servers(out, pools_at(ps, i));
	head_ratio(out, format);
	for (size_t i = 0; i < pools_count(ps); i++)
		add_ratios(out, pools_at(ps, i));
}

void
pool_text(struct buf *out, enum text_format format, const struct pool *p)
{
	head_servers(out, format);
	add_servers(out, p);
	head_ratio(out, format);
	add_ratios(out, p);
}

void
pool_text_up(struct buf *out, enum text_format format, const struct pool *p,
    const bool *up)
{
	double sum = 0;

	head(out, format, up_name,
	    "1 when the server answered \"stats\" in time.");
	for (size_t i = 0; i < pool_servers(p); i++) {
		if (pool_first(p, i) != i)
			continue;
		if (up[i])
			sum += pool_key_ratio(p, i);
		begin(out, up_name, p);
		add_server(out, p, i);
		end(out);
		buf_add_u64(out, up[i]);
		buf_add_char(out, '\n');
	}
	if (!pool_is_sampled(p))
		return;
	head(out, format, up_ratio_name,
	    "Share of the keys whose server is up, 0 to 1.");
	begin(out, up_ratio_name, p);
	end(out);
	text_double(out, sum < 1 ? sum : 1);
	buf_add_char(out, '\n');
}
