#include "pools/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmemcached/memcached.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/module.h"
#include "pools/client.h"
#include "pools/pool_probes.h"
#include "pools/pool_queries.h"
#include "stats/metric_query.h"
#include "stats/probe.h"

struct pool {
	unsigned holds;
	char *name;
	char *module;
	struct buf text; /* of its configuration, for pool_is */
	memcached_st *memcached;
	struct pool_server *servers;
	size_t len;
	size_t *first;    /* of the same servers, by server */
	uint64_t *counts; /* of sample keys, by first server */
	size_t sampled;
	struct gets *gets; /* as they were configured, held; or NULL */
	struct pool_queries *queries;
	struct probe *probe; /* of its module, held; or NULL */
	struct pool_probes *probes;
};

static size_t
first_like(const struct pool *p, size_t i)
{
	const struct address *a = &p->servers[i].address;
	size_t k;

	for (k = 0; k < i; k++) {
		const struct address *b = &p->servers[k].address;

		if (a->port == b->port && a->is_path == b->is_path &&
		    strcasecmp(a->host, b->host) == 0)
			break;
	}
	return k;
}

/* The servers in libmemcached's own order, which may be another one. */
static int
list_servers(struct pool *p, const struct pool_config *c, struct error *e)
{
	uint32_t n = memcached_server_count(p->memcached);

	if (n == 0 || n > POOL_SERVERS_MAX)
		return error_set(e,
		    "%s: pool \"%s\": expected 1 to %d servers, found %u",
		    c->place, c->name, POOL_SERVERS_MAX, n);
	p->servers = xcalloc(n, sizeof(*p->servers));
	p->counts = xcalloc(n, sizeof(*p->counts));
	p->first = xcalloc(n, sizeof(*p->first));
	for (uint32_t i = 0; i < n; i++) {
		const memcached_instance_st *found =
		    memcached_server_instance_by_position(p->memcached, i);
		const char *host = memcached_server_name(found);
		in_port_t port = memcached_server_port(found);
		struct pool_server *s = &p->servers[p->len++];

		s->address.is_path = host[0] == '/';
		s->address.port = s->address.is_path ? 0 : port;
		(void)snprintf(
		    s->address.host, sizeof(s->address.host), "%s", host);
		s->weight = is_set(c->options)
				? client_weight(c->options, host, port)
				: c->servers[i].weight;
		p->first[i] = first_like(p, i);
	}
	return 0;
}

/* All that it says, in a form in which two can be compared. */
static void
describe(const struct pool_config *c, struct buf *out)
{
	const char *const texts[] = { c->name, c->distribution, c->hash,
		c->key_namespace, c->options, c->module };

	buf_init(out, SIZE_MAX);
	for (size_t i = 0; i < nitems(texts); i++)
		buf_printf(out, "%s\n", texts[i] != NULL ? texts[i] : "");
	buf_printf(out, "%d\n", c->hash_with_namespace);
	for (size_t i = 0; i < c->servers_len; i++) {
		char address[ADDRESS_TEXT_MAX];

		address_text(&c->servers[i].address, address);
		buf_printf(out, "%s %u\n", address, c->servers[i].weight);
	}
}

bool
pool_is(const struct pool *p, const struct pool_config *c,
    const struct probe *probe)
{
	struct buf text;
	bool same =
	    gets_equal(p->gets, c->gets) && probe_equal(p->probe, probe);

	describe(c, &text);
	same = same && text.len == p->text.len &&
	       memcmp(text.p, p->text.p, text.len) == 0;
	buf_release(&text);
	return same;
}

static int
read_queries(struct pool *p, const struct pool_config *c, struct error *e)
{
	struct error why;

	p->gets = gets_hold(c->gets);
	if (p->gets == NULL ||
	    pool_queries_new(p, p->gets, &p->queries, &why) == 0)
		return 0;
	return error_set(e, "%s: pool \"%s\": %s", c->place, c->name, why.text);
}

static int
read_probe(struct pool *p, const struct pool_config *c, struct probe *probe,
    struct error *e)
{
	struct error why;

	p->probe = probe_hold(probe);
	if (probe == NULL || pool_probes_new(p, probe, &p->probes, &why) == 0)
		return 0;
	return error_set(e, "%s: pool \"%s\": %s", c->place, c->name, why.text);
}

int
pool_new(const struct pool_config *c, struct probe *probe, struct pool **out,
    struct error *e)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	int r;

	p->holds = 1;
	p->name = xstrdup(c->name);
	describe(c, &p->text);
	p->module = xstrdup(is_set(c->module) ? c->module : MODULE_DEFAULT);
	r = client_new(c, &p->memcached, e);
	if (r == 0)
		r = list_servers(p, c, e);
	if (r == 0)
		r = read_queries(p, c, e);
	if (r == 0)
		r = read_probe(p, c, probe, e);
	if (r < 0)
		pool_release(p);
	else
		*out = p;
	return r;
}

struct pool *
pool_hold(const struct pool *p)
{
	union {
		const struct pool *borrowed;
		struct pool *held;
	} pool = { .borrowed = p };

	pool.held->holds++;
	return pool.held;
}

void
pool_release(struct pool *p)
{
	if (p == NULL || --p->holds > 0)
		return;
	if (p->memcached != NULL)
		memcached_free(p->memcached);
	pool_probes_free(p->probes);
	probe_release(p->probe);
	pool_queries_free(p->queries);
	gets_release(p->gets);
	buf_release(&p->text);
	free(p->servers);
	free(p->counts);
	free(p->first);
	free(p->name);
	free(p->module);
	free(p);
}

const char *
pool_name(const struct pool *p)
{
	return p->name;
}

const struct gets *
pool_gets(const struct pool *p)
{
	return p->gets;
}

const struct pool_queries *
pool_queries(const struct pool *p)
{
	return p->queries;
}

struct pool_probes *
pool_probes(const struct pool *p)
{
	return p->probes;
}

const char *
pool_module(const struct pool *p)
{
	return p->module;
}

size_t
pool_servers(const struct pool *p)
{
	return p->len;
}

const struct address *
pool_server(const struct pool *p, size_t i)
{
	return &p->servers[i].address;
}

uint32_t
pool_weight(const struct pool *p, size_t i)
{
	return p->servers[i].weight;
}

const char *
pool_namespace(const struct pool *p)
{
	const char *text = memcached_callback_get(
	    p->memcached, MEMCACHED_CALLBACK_NAMESPACE, NULL);

	return text != NULL ? text : "";
}

static int
check_key(const struct pool *p, struct span key, struct error *e)
{
	if (key.len == 0)
		return error_set(e, "expected a key");
	if (key.len + strlen(pool_namespace(p)) > POOL_KEY_MAX)
		return error_set(e,
		    "expected a key of at most %d bytes, namespace included",
		    POOL_KEY_MAX);
	for (size_t i = 0; i < key.len; i++) {
		if ((unsigned char)key.p[i] <= ' ' || key.p[i] == '\x7f')
			return error_set(e,
			    "expected a key without blanks and control "
			    "characters");
	}
	return 0;
}

static uint32_t
hash_of(const struct pool *p, struct span key)
{
	uint64_t whole = memcached_behavior_get(
	    p->memcached, MEMCACHED_BEHAVIOR_HASH_WITH_PREFIX_KEY);
	char text[POOL_KEY_MAX + 1];
	int len = snprintf(text, sizeof(text), "%s%.*s",
	    whole ? pool_namespace(p) : "", (int)key.len, key.p);

	return memcached_generate_hash_value(text, (size_t)len,
	    (memcached_hash_t)memcached_behavior_get(
		p->memcached, MEMCACHED_BEHAVIOR_HASH));
}

int
pool_locate(const struct pool *p, struct span key, size_t *server,
    uint32_t *hash, struct error *e)
{
	if (check_key(p, key, e) < 0)
		return -1;
	*server = memcached_generate_hash(p->memcached, key.p, key.len);
	*hash = hash_of(p, key);
	return 0;
}

bool
pool_sample(struct pool *p, size_t n)
{
	char key[24];

	for (; n > 0 && p->sampled < POOL_SAMPLE_KEYS; n--, p->sampled++) {
		int len = snprintf(key, sizeof(key), "key:%zu", p->sampled);

		p->counts[p->first[memcached_generate_hash(
		    p->memcached, key, (size_t)len)]]++;
	}
	return p->sampled < POOL_SAMPLE_KEYS;
}

bool
pool_is_sampled(const struct pool *p)
{
	return p->sampled == POOL_SAMPLE_KEYS;
}

size_t
pool_first(const struct pool *p, size_t i)
{
	return p->first[i];
}

double
pool_key_ratio(const struct pool *p, size_t i)
{
	return (double)p->counts[i] / POOL_SAMPLE_KEYS;
}
