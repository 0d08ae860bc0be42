#include "pages/sd.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/query.h"
#include "http/timeout.h"
#include "memcached/discovery.h"
#include "memcached/modules.h"
#include "pools/pools.h"
#include "setup.h"
#include "stats/cluster.h"

/* Larger than a pool of the most servers makes. */
#define ANSWER_MAX (4U << 20)

static void
add_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, ",\"__meta_memcached_%s\":\"", name);
	escape_json(out, value);
	buf_add_char(out, '"');
}

/* A group up to its first label, which is the address. */
static void
begin_group(struct buf *out, const struct address *a)
{
	char address[ADDRESS_TEXT_MAX];

	address_text(a, address);
	buf_add_str(
	    out, out->len == 1 ? "{\"targets\":[\"" : ",{\"targets\":[\"");
	escape_json(out, address);
	buf_add_str(out, "\"],\"labels\":{\"__meta_memcached_address\":\"");
	escape_json(out, address);
	buf_add_char(out, '"');
}

static void
add_server(struct buf *out, const struct pool *p, size_t i)
{
	begin_group(out, pool_server(p, i));
	buf_printf(
	    out, ",\"__meta_memcached_weight\":\"%u\"", pool_weight(p, i));
	add_label(out, "pool", pool_name(p));
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

/* One that waits for the nodes of a cluster. */
struct question {
	struct request *request;
	char endpoint[ADDRESS_TEXT_MAX];
};

static void
add_node(
    struct buf *out, const struct question *q, const struct cluster_node *node)
{
	begin_group(out, &node->address);
	add_label(out, "cluster", q->endpoint);
	add_label(out, "ip", node->ip);
	buf_add_str(out, "}}");
}

static void
answer(const struct cluster *cluster, const struct error *why, void *arg)
{
	struct question *q = arg;
	struct buf out;

	if (cluster != NULL) {
		buf_init(&out, ANSWER_MAX);
		buf_add_char(&out, '[');
		for (size_t i = 0; i < cluster->len; i++)
			add_node(&out, q, &cluster->nodes[i]);
		buf_add_str(&out, "]\n");
		request_answer_text(q->request, "application/json", &out);
	} else {
		request_say(q->request,
		    why->reason == REASON_FORBIDDEN ? 403 : 500, why->text);
	}
	free(q);
}

static void
serve_cluster(struct request *r, const struct sd *sd, const char *target)
{
	struct module *m = modules_find(
	    sd->setup->modules, query_first(request_query(r), "module"));
	struct question *q;
	struct address endpoint;
	struct error e;

	if (m == NULL) {
		request_say(r, 400,
		    "Unknown module; --config.file has those there are.");
		return;
	}
	if (address_parse(&endpoint, target, MEMCACHED_PORT, &e) < 0) {
		request_say(r, 400, e.text);
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->request = r;
	address_text(&endpoint, q->endpoint);
	discovery_start(sd->targets, m, &endpoint,
	    request_arrived(r) + timeout_of(r, module_timeout(m)), answer, q);
}

void
sd_serve(struct request *r, void *arg)
{
	const struct sd *sd = arg;
	const char *pool = query_first(request_query(r), "pool");
	const char *target = query_first(request_query(r), "target");
	const struct pool *p = pools_find(sd->setup->pools, pool);

	if (is_set(pool) == is_set(target))
		request_say(r, 400,
		    "One of the parameters 'pool' and 'target' must be "
		    "specified");
	else if (is_set(target))
		serve_cluster(r, sd, target);
	else if (p == NULL)
		request_say(
		    r, 404, "Unknown pool; --config.file has those there are.");
	else
		serve_pool(r, p);
}
