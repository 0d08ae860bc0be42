#include "pages/sd.h"

#include "base/address.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/span.h"
#include "http/query.h"
#include "pools/pools.h"
#include "setup.h"

/* Larger than a pool of the most servers makes. */
#define ANSWER_MAX (4U << 20)

static void
add_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, ",\"__meta_memcached_%s\":\"", name);
	escape_json(out, value);
	buf_add_char(out, '"');
}

static void
add_server(struct buf *out, const struct pool *p, size_t i)
{
	char address[ADDRESS_TEXT_MAX];

	address_text(pool_server(p, i), address);
	buf_add_str(out, i == 0 ? "{\"targets\":[\"" : ",{\"targets\":[\"");
	escape_json(out, address);
	buf_printf(out, "\"],\"labels\":{\"__meta_memcached_weight\":\"%u\"",
	    pool_weight(p, i));
	add_label(out, "pool", pool_name(p));
	add_label(out, "address", address);
	buf_add_str(out, "}}");
}

static void
serve_pool(struct request *r, const struct pool *p)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	buf_add_char(&out, '[');
	for (size_t i = 0; i < pool_servers(p); i++) {
		if (pool_first(p, i) == i)
			add_server(&out, p, i);
	}
	buf_add_str(&out, "]\n");
	request_answer_text(r, "application/json", &out);
}

void
sd_serve(struct request *r, void *arg)
{
	const struct setup *setup = arg;
	const char *name = query_first(request_query(r), "pool");
	const struct pool *p = pools_find(setup->pools, name);

	if (!is_set(name))
		request_say(r, 400, "'pool' parameter must be specified");
	else if (p == NULL)
		request_say(
		    r, 404, "Unknown pool; --config.file has those there are.");
	else
		serve_pool(r, p);
}
