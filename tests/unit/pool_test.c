/* Pools: what libmemcached makes of their configuration. */
#include "pools/pool.h"

#include <stdio.h>

#include "pools/client.h"
#include "pools/pool_probes.h"
#include "pools/pool_queries.h"
#include "stats/metric_query.h"
#include "stats/plan.h"
#include "support.h"

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50

#define TEXT(literal) ((char *)(uintptr_t)(literal))

#define SERVERS_MAX 200

/* Servers cache0:11211, cache1:11211, …, each with its weight; or options. */
static struct pool_config
config_of(const char *distribution, size_t n, const uint32_t *weights)
{
	static struct pool_server servers[SERVERS_MAX];
	struct pool_config c = { .name = TEXT("p"),
		.place = TEXT("f:1:1"),
		.distribution = TEXT(distribution),
		.servers = servers,
		.servers_len = n };

	for (size_t i = 0; i < n; i++) {
		servers[i] = (struct pool_server){ .address.port = 11211,
			.weight = weights != NULL ? weights[i] : 1 };
		(void)snprintf(servers[i].address.host,
		    sizeof(servers[i].address.host), "cache%zu", i);
	}
	return c;
}

static struct pool *
new_pool(const char *row, const struct pool_config *c)
{
	struct pool *p = NULL;
	struct error e;

	if (pool_new(c, NULL, &p, &e) < 0)
		print_error("%s: %s\n", row, e.text);
	check(row, p != NULL);
	return p;
}

TEST(errors)
{
	static const struct {
		const char *distribution, *hash, *options;
		size_t servers;
		const char *why;
	} rows[] = {
		{ .distribution = "random",
		    .servers = 1,
		    .why = "unknown dis" },
		{ .distribution = "Ketama",
		    .servers = 1,
		    .why = "unknown dis" },
		{ .hash = "md6", .servers = 1, .why = "unknown hash" },
		{ .hash = "hsieh", .servers = 1, .why = "INVALID ARGUMENTS" },
		{ .why = "expected 1 to 1000 servers, found 0" },
		{ .options = "--SERVER=a --FOO", .why = "libmemcached: " },
		{ .options = "--SERVER=a --configure-file=/x",
		    .why = "CONFIGURE-FILE has no place" },
		{ .options = "include /x", .why = "INCLUDE has no place" },
		{ .options = "--SERVER=a --USE-UDP",
		    .why = "UDP has no place" },
		{ .options = "--SERVER=a --DISTRIBUTION=random",
		    .why = "RANDOM has no place" },
		{ .options = "--HASH=MD5", .why = "found 0" },
		{ .distribution = "ketama",
		    .servers = 101,
		    .why = "room for 100 servers" },
		{ .distribution = "consistent",
		    .servers = 101,
		    .why = "room for 100 servers" },
	};

	for (EACH(r, rows)) {
		struct pool_config c =
		    config_of(r->distribution, r->servers, NULL);
		struct pool *p = NULL;
		struct error e;

		c.hash = TEXT(r->hash);
		c.options = TEXT(r->options);
		check_number(r->why, pool_new(&c, NULL, &p, &e), -1);
		check(r->why, strstr(e.text, r->why) != NULL);
		check(r->why, strstr(e.text, "f:1:1: pool \"p\": ") == e.text);
	}
}

/* Places of a key that libmemcached's modula and default hash have for ever. */
TEST(locate)
{
	static const struct {
		const char *name, *key, *namespace;
		const char *why; /* or NULL: it is one */
	} rows[] = {
		{ "usual", "user:42", NULL, NULL },
		{ "bytes", "\xff\xfe", NULL, NULL },
		{ "longest", X250, NULL, NULL },
		{ "longest with a namespace", X50 X50 X50 X50, X50, NULL },
		{ "empty", "", NULL, "expected a key" },
		{ "too long", X250 "x", NULL, "at most 250 bytes" },
		{ "too long with a namespace", X50 X50 X50 X50 "x", X50,
		    "at most 250 bytes" },
		{ "blank", "a b", NULL, "without blanks" },
		{ "end of line", "a\r\nflush_all", NULL, "without blanks" },
		{ "delete", "a\x7f", NULL, "without blanks" },
	};

	for (EACH(r, rows)) {
		struct pool_config c = config_of("modula", 3, NULL);
		struct pool *p;
		struct error e;
		size_t server = 99;
		uint32_t hash;
		int got;

		c.key_namespace = TEXT(r->namespace);
		p = new_pool(r->name, &c);
		got = pool_locate(p, span_of(r->key), &server, &hash, &e);
		check_number(r->name, got, r->why == NULL ? 0 : -1);
		if (got < 0)
			check(r->name, strstr(e.text, r->why) != NULL);
		else
			check_number(r->name, server, hash % 3);
		pool_release(p);
	}
}

static double
sum_of_shares(const struct pool *p)
{
	double sum = 0;

	for (size_t i = 0; i < pool_servers(p); i++)
		sum += pool_key_ratio(p, i);
	return sum;
}

TEST(shares)
{
	static const char *const distributions[] = { "modula", "consistent",
		"ketama", "ketama_weighted", "ketama_spy" };
	static const uint32_t weights[] = { 1, 3, 1 };

	for (EACH(name, distributions)) {
		struct pool_config c = config_of(*name, 3, weights);
		struct pool *p = new_pool(*name, &c);
		double sum;

		check(*name, !pool_is_sampled(p));
		check(*name, pool_sample(p, POOL_SAMPLE_KEYS - 1));
		check(*name, !pool_is_sampled(p));
		check(*name, !pool_sample(p, 1000));
		check(*name, pool_is_sampled(p));
		sum = sum_of_shares(p);
		check(*name, sum > 1 - 1e-9 && sum < 1 + 1e-9);
		pool_release(p);
	}
}

/* The keys of a server that is there twice are all at its first place. */
TEST(twice)
{
	struct pool_config c = config_of("modula", 4, NULL);
	struct pool *p;

	c.servers[2] = c.servers[0];
	(void)snprintf(c.servers[3].address.host,
	    sizeof(c.servers[3].address.host), "CACHE1");
	p = new_pool("twice", &c);
	check_number("itself", pool_first(p, 0), 0);
	check_number("again", pool_first(p, 2), 0);
	check_number("in capitals", pool_first(p, 3), 1);
	(void)pool_sample(p, POOL_SAMPLE_KEYS);
	check("half", pool_key_ratio(p, 0) > 0.49);
	check("half", pool_key_ratio(p, 1) > 0.49);
	check("none", pool_key_ratio(p, 2) < 1e-9);
	check("none", pool_key_ratio(p, 3) < 1e-9);
	pool_release(p);
}

TEST(weights_of_options)
{
	static const struct {
		const char *options, *host;
		uint16_t port;
		uint32_t weight;
	} rows[] = {
		{ "--SERVER=a", "a", 11211, 1 },
		{ "--SERVER=a/?5", "a", 11211, 5 },
		{ "--SERVER=a:1/?5", "a", 1, 5 },
		{ "--SERVER=a:1/?5", "a", 2, 1 },
		{ "--SERVER=a:1/?5", "ab", 1, 1 },
		{ "--server=a/?2 --server=b/?3", "b", 11211, 3 },
		{ "--SERVER=a:1/?2 --SERVER=a:2/?3 --HASH=MD5", "a", 2, 3 },
		{ "--SERVER=a/?x", "a", 11211, 1 },
		{ "--SERVER=a/?4294967296", "a", 11211, 1 },
		{ "--SERVER=a:x/?2", "a", 11211, 1 },
		{ "--SERVER=", "a", 11211, 1 },
		{ "", "a", 11211, 1 },
	};

	for (EACH(r, rows))
		check_number(r->options,
		    client_weight(r->options, r->host, r->port), r->weight);
}

/* Pools are the same by what they say. */
TEST(same)
{
	struct pool_config c = config_of("ketama", 3, NULL), other = c;
	struct pool *p = new_pool("same", &c);

	check("itself", pool_is(p, &c, NULL));
	other.hash = TEXT("md5");
	check("hash", !pool_is(p, &other, NULL));
	other = c;
	other.servers_len = 2;
	check("servers", !pool_is(p, &other, NULL));
	other = c;
	other.key_namespace = TEXT("n");
	check("namespace", !pool_is(p, &other, NULL));
	pool_release(p);
}

/* Its module's probe is part of what a pool says. */
TEST(same_probe)
{
	static const struct {
		const char *name, *key;
		bool write, binary, same;
	} rows[] = {
		{ "same", "k", true, false, true },
		{ "key", "l", true, false, false },
		{ "no key", NULL, false, false, false },
		{ "write", "k", false, false, false },
		{ "binary", "k", true, true, false },
	};
	struct pool_config c = config_of("modula", 2, NULL);
	struct probe *probe = probe_new("k", true, false);
	struct pool *p;
	struct error e;

	check_number("new", pool_new(&c, probe, &p, &e), 0);
	check("none", !pool_is(p, &c, NULL));
	for (size_t i = 0; i < nitems(rows); i++) {
		struct probe *other =
		    probe_new(rows[i].key, rows[i].write, rows[i].binary);

		check_number(rows[i].name, pool_is(p, &c, other), rows[i].same);
		probe_release(other);
	}
	probe_release(probe);
	pool_release(p);
}

/* The key of each server lives there; behind the namespace, and numbered. */
TEST(probes)
{
	struct pool_config c = config_of("ketama", 5, NULL);
	struct probe *probe = probe_new("k", false, false);
	struct pool_probes *probes;
	struct pool *p;
	struct error e;
	size_t server = 9;

	c.key_namespace = TEXT("app:");
	c.servers[4] = c.servers[0];
	check_number("new", pool_new(&c, probe, &p, &e), 0);
	probes = pool_probes(p);
	check("not yet", pool_probes_plan(probes, p, 0, NULL) == NULL);
	check_number("4", pool_probes_missing(probes, p, &server), 4);
	check_number("first", server, 0);
	check("one is too few", pool_probes_seek(probes, p, 1));
	check("enough", !pool_probes_seek(probes, p, POOL_PROBE_KEYS));
	check_number("found", pool_probes_missing(probes, p, &server), 0);
	check("twice", pool_probes_plan(probes, p, 4, NULL) == NULL);
	for (size_t i = 0; i < 4; i++) {
		const struct plan *plan = pool_probes_plan(probes, p, i, NULL);
		struct span key = probe_key(plan->probe);
		uint32_t hash;

		check("shared", plan == pool_probes_plan(probes, p, i, NULL));
		check("namespace", span_begins(key, "app:k:"));
		key = (struct span){ key.p + 4, key.len - 4 };
		check_number(
		    "found", pool_locate(p, key, &server, &hash, &e), 0);
		check_number("at home", pool_first(p, server), i);
	}
	probe_release(probe);
	pool_release(p);
}

/* Without a key there is nothing to look for. */
TEST(keyless_probes)
{
	struct pool_config c = config_of("modula", 2, NULL);
	struct probe *probe = probe_new(NULL, false, false);
	struct pool *p;
	struct error e;

	check_number("new", pool_new(&c, probe, &p, &e), 0);
	check("sought", pool_probes_are_sought(pool_probes(p)));
	for (size_t i = 0; i < 2; i++)
		check("its own",
		    pool_probes_plan(pool_probes(p), p, i, NULL)->probe ==
			probe);
	probe_release(probe);
	pool_release(p);
}

/* The search ends when no key lives on a server, its weight being too low. */
TEST(missing_probes)
{
	struct pool_config c = config_of("ketama_weighted", 2, NULL);
	struct probe *probe = probe_new("k", false, false);
	struct pool *p;
	struct error e;
	size_t server = 9;

	c.servers[0].weight = POOL_WEIGHT_MAX;
	c.servers[1].weight = 1;
	check_number("new", pool_new(&c, probe, &p, &e), 0);
	check("ends", !pool_probes_seek(pool_probes(p), p, SIZE_MAX));
	check_number(
	    "missing", pool_probes_missing(pool_probes(p), p, &server), 1);
	check_number("which", server, 1);
	check("no plan", pool_probes_plan(pool_probes(p), p, 1, NULL) == NULL);
	check("plan", pool_probes_plan(pool_probes(p), p, 0, NULL) != NULL);
	probe_release(probe);
	pool_release(p);
}

TEST(bad_probes)
{
	struct pool_config c = config_of("modula", 2, NULL);
	struct probe *probe = probe_new(X50 X50 X50 X50
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    false, false);
	struct pool *p = NULL;
	struct error e;

	c.key_namespace = TEXT("four");
	check_number("250", pool_new(&c, probe, &p, &e), 0);
	pool_release(p);
	c.key_namespace = TEXT("fives");
	check_number("251", pool_new(&c, probe, &p, &e), -1);
	check("251", strstr(e.text, "f:1:1: pool \"p\": the key of") == e.text);
	c.key_namespace = TEXT("a b");
	check_number("blank", pool_new(&c, probe, &p, &e), -1);
	probe_release(probe);
}

static struct gets *
gets_of(size_t keys, const char *format)
{
	struct metric_query *q = metric_query_new();
	struct gets *gets;

	q->name = strdup("m");
	q->help = strdup("Help.");
	q->keys = calloc(keys, sizeof(char *));
	for (; q->keys_len < keys; q->keys_len++) {
		char key[300];

		(void)snprintf(key, sizeof(key), "%s%zu", format, q->keys_len);
		q->keys[q->keys_len] = strdup(key);
	}
	gets = gets_new(&q, 1, NULL, NULL);
	metric_query_release(q);
	return gets;
}

/* Each key is in the plan of its server, once, behind the namespace. */
TEST(queries)
{
	struct pool_config c = config_of("ketama", 5, NULL);
	struct gets *gets = gets_of(QUERY_KEYS_MAX, "key:");
	const struct pool_queries *queries;
	struct pool *p;
	size_t keys = 0;

	c.key_namespace = TEXT("app:");
	c.gets = gets;
	c.servers[4] = c.servers[0];
	p = new_pool("queries", &c);
	queries = pool_queries(p);
	check("twice", pool_queries_plan(queries, 4) == NULL);
	for (size_t i = 0; i < 4; i++) {
		const struct plan *plan = pool_queries_plan(queries, i);

		check("shared", plan == pool_queries_plan(queries, i));
		for (size_t k = 0; k < plan->gets->len; k++, keys++) {
			struct span key = plan->gets->list[k].key;
			struct error e;
			size_t server;
			uint32_t hash;

			check("namespace", span_begins(key, "app:key:"));
			key = (struct span){ key.p + 4, key.len - 4 };
			check_number("found",
			    pool_locate(p, key, &server, &hash, &e), 0);
			check_number("at home", pool_first(p, server), i);
		}
	}
	check_number("all", keys, QUERY_KEYS_MAX);
	check_number("none", pool_queries_none(queries)->len, 0);
	pool_release(p);
	gets_release(gets);
}

TEST(bad_queries)
{
	struct pool_config c = config_of("modula", 2, NULL);
	struct pool *p = NULL;
	struct error e;

	c.gets = gets_of(1, X50 X50 X50 X50);
	c.key_namespace = TEXT(X50);
	check_number("long", pool_new(&c, NULL, &p, &e), -1);
	check("long", strstr(e.text, "f:1:1: pool \"p\": key \"xx") == e.text);
	gets_release(c.gets);
}

TESTS("pool", T(errors), T(locate), T(shares), T(twice), T(weights_of_options),
    T(same), T(same_probe), T(probes), T(keyless_probes), T(missing_probes),
    T(bad_probes), T(queries), T(bad_queries))
