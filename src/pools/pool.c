#include "pools/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libmemcached/memcached.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/parse.h"
#include "config/module.h"

#define WORDS_MAX 256 /* of libmemcached, in an error */

/*
 * libmemcached puts keys of all distributions but modula on a circle, which has
 * room for so many servers: with more it aborts the process
 * (MEMCACHED_CONTINUUM_SIZE / MEMCACHED_POINTS_PER_SERVER).
 */
#define CIRCLE_SERVERS_MAX 100

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
};

/* How libmemcached is told of each distribution. */
static const struct distribution {
	const char *name;
	memcached_behavior_t behavior;
	uint64_t value;
} distributions[] = {
	{ "modula", MEMCACHED_BEHAVIOR_DISTRIBUTION,
	    MEMCACHED_DISTRIBUTION_MODULA },
	{ "consistent", MEMCACHED_BEHAVIOR_DISTRIBUTION,
	    MEMCACHED_DISTRIBUTION_CONSISTENT },
	{ "ketama", MEMCACHED_BEHAVIOR_KETAMA, 1 },
	{ "ketama_weighted", MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1 },
	{ "ketama_spy", MEMCACHED_BEHAVIOR_DISTRIBUTION,
	    MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY },
};

static const struct hash {
	const char *name;
	memcached_hash_t value;
} hashes[] = {
	{ "default", MEMCACHED_HASH_DEFAULT },
	{ "md5", MEMCACHED_HASH_MD5 },
	{ "crc", MEMCACHED_HASH_CRC },
	{ "fnv1_64", MEMCACHED_HASH_FNV1_64 },
	{ "fnv1a_64", MEMCACHED_HASH_FNV1A_64 },
	{ "fnv1_32", MEMCACHED_HASH_FNV1_32 },
	{ "fnv1a_32", MEMCACHED_HASH_FNV1A_32 },
	{ "hsieh", MEMCACHED_HASH_HSIEH },
	{ "murmur", MEMCACHED_HASH_MURMUR },
	{ "murmur3", MEMCACHED_HASH_MURMUR3 },
	{ "jenkins", MEMCACHED_HASH_JENKINS },
};

/*
 * Words of the configuration string that would read another file or use
 * another network, and those that the exporter could not keep to: keys of a
 * random distribution live nowhere.
 */
static const char *const refused[] = { "CONFIGURE-FILE", "INCLUDE", "UDP",
	"DISTRIBUTION=RANDOM", "DISTRIBUTION=\"RANDOM" };

static int
refuse(const struct pool_config *c, const char *key, memcached_return_t rc,
    struct error *e)
{
	return error_set(e, "%s: pool \"%s\": %s: libmemcached: %s", c->place,
	    c->name, key, memcached_strerror(NULL, rc));
}

static int
refuse_circle(const struct pool_config *c, struct error *e)
{
	return error_set(e,
	    "%s: pool \"%s\": libmemcached has room for %d servers, unless the "
	    "distribution is modula",
	    c->place, c->name, CIRCLE_SERVERS_MAX);
}

static int
set_distribution(memcached_st *m, const struct pool_config *c, struct error *e)
{
	const char *text = c->distribution;
	memcached_return_t rc;

	if (!is_set(text))
		return 0;
	for (size_t i = 0; i < nitems(distributions); i++) {
		const struct distribution *d = &distributions[i];

		if (strcmp(text, d->name) != 0)
			continue;
		if (i > 0 && c->servers_len > CIRCLE_SERVERS_MAX)
			return refuse_circle(c, e);
		rc = memcached_behavior_set(m, d->behavior, d->value);
		return memcached_failed(rc) ? refuse(c, text, rc, e) : 0;
	}
	return error_set(e,
	    "%s: pool \"%s\": unknown distribution \"%.64s\", expected one of "
	    "modula, consistent, ketama, ketama_weighted, ketama_spy",
	    c->place, c->name, text);
}

static int
set_hash(memcached_st *m, const struct pool_config *c, struct error *e)
{
	const char *text = c->hash;
	memcached_return_t rc;

	if (!is_set(text))
		return 0;
	for (size_t i = 0; i < nitems(hashes); i++) {
		if (strcmp(text, hashes[i].name) != 0)
			continue;
		rc = memcached_behavior_set(
		    m, MEMCACHED_BEHAVIOR_HASH, hashes[i].value);
		return memcached_failed(rc) ? refuse(c, text, rc, e) : 0;
	}
	return error_set(e,
	    "%s: pool \"%s\": unknown hash \"%.64s\", expected one of default, "
	    "md5, crc, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32, hsieh, murmur, "
	    "murmur3, jenkins",
	    c->place, c->name, text);
}

static int
set_namespace(memcached_st *m, const struct pool_config *c, struct error *e)
{
	memcached_return_t rc;

	if (is_set(c->key_namespace)) {
		rc = memcached_callback_set(
		    m, MEMCACHED_CALLBACK_NAMESPACE, c->key_namespace);
		if (memcached_failed(rc))
			return refuse(c, "namespace", rc, e);
	}
	rc = memcached_behavior_set(
	    m, MEMCACHED_BEHAVIOR_HASH_WITH_PREFIX_KEY, c->hash_with_namespace);
	if (memcached_failed(rc))
		return refuse(c, "hash_with_namespace", rc, e);
	return 0;
}

static int
add_server(memcached_st *m, const struct pool_config *c,
    const struct pool_server *s, struct error *e)
{
	const struct address *a = &s->address;
	memcached_return_t rc =
	    a->is_path ? memcached_server_add_unix_socket_with_weight(
			     m, a->host, s->weight)
		       : memcached_server_add_with_weight(
			     m, a->host, (in_port_t)a->port, s->weight);

	return memcached_failed(rc) ? refuse(c, a->host, rc, e) : 0;
}

static int
build(const struct pool_config *c, memcached_st **out, struct error *e)
{
	memcached_st *m = xnonnull(memcached_create(NULL));
	int r = set_distribution(m, c, e);

	/*
	 * The servers come last, as in most programs: the order matters. Points
	 * of the circle are made with the hash of that moment, and a weight
	 * makes it a weighted one, which setting the distribution would undo.
	 */
	if (r == 0)
		r = set_hash(m, c, e);
	if (r == 0)
		r = set_namespace(m, c, e);
	for (size_t i = 0; i < c->servers_len && r == 0; i++)
		r = add_server(m, c, &c->servers[i], e);
	if (r < 0)
		memcached_free(m);
	else
		*out = m;
	return r;
}

/* Servers that a configuration string names. */
static size_t
count_in(const char *options)
{
	size_t n = 0;

	for (const char *at = options; (at = strstr(at, "--S")) != NULL; at++)
		n += strncasecmp(at, "--SERVER", 8) == 0 ||
		     strncasecmp(at, "--SOCKET=", 9) == 0;
	return n;
}

/* The part of libmemcached's words that is for people. */
static void
trim_words(char *words)
{
	char *begin = strstr(words, ") "), *end = strstr(words, " -> ./");

	if (end != NULL)
		*end = '\0';
	if (begin != NULL)
		memmove(words, begin + 2, strlen(begin + 2) + 1);
}

static int
build_by_string(
    const struct pool_config *c, memcached_st **out, struct error *e)
{
	size_t len = strlen(c->options);
	char words[WORDS_MAX] = "";
	memcached_return_t rc;

	for (size_t i = 0; i < nitems(refused); i++) {
		if (strcasestr(c->options, refused[i]) != NULL)
			return error_set(e,
			    "%s: pool \"%s\": options: %s has no place here",
			    c->place, c->name, refused[i]);
	}
	if (count_in(c->options) > CIRCLE_SERVERS_MAX &&
	    strcasestr(c->options, "--DISTRIBUTION") != NULL)
		return refuse_circle(c, e);
	rc = libmemcached_check_configuration(
	    c->options, len, words, sizeof(words));
	if (memcached_success(rc))
		*out = memcached(c->options, len);
	if (memcached_success(rc) && *out != NULL)
		return 0;
	words[sizeof(words) - 1] = '\0';
	trim_words(words);
	return error_set(e, "%s: pool \"%s\": options: libmemcached: %s",
	    c->place, c->name,
	    words[0] != '\0' ? words : memcached_strerror(NULL, rc));
}

/* Moves *text behind the mark, and returns what was in front of it. */
static struct span
cut(struct span *text, const char *mark)
{
	const char *at = memmem(text->p, text->len, mark, strlen(mark));
	struct span before = *text;

	if (at == NULL) {
		*text = (struct span){ text->p + text->len, 0 };
		return before;
	}
	before.len = (size_t)(at - text->p);
	text->p += before.len + strlen(mark);
	text->len -= before.len + strlen(mark);
	return before;
}

/* "host", "host:port", each maybe with "/?weight" behind. */
static bool
take_weight(
    struct span text, const char *host, in_port_t port, uint32_t *weight)
{
	struct span address = cut(&text, "/?");
	struct span name = cut(&address, ":");
	uint64_t its_port = MEMCACHED_PORT, n;

	if (!span_is(name, host) ||
	    (address.len > 0 && parse_u64(address, &its_port) < 0) ||
	    its_port != port || parse_u64(text, &n) < 0 || n > UINT32_MAX)
		return false;
	*weight = (uint32_t)n;
	return true;
}

/* The weight that a configuration string gives to one of its servers. */
static uint32_t
weight_in(const char *options, const char *host, in_port_t port)
{
	static const char word[] = "--SERVER=";
	uint32_t weight = 1;

	for (const char *at = strcasestr(options, word); at != NULL;
	     at = strcasestr(at, word)) {
		at += strlen(word);
		if (take_weight((struct span){ at, strcspn(at, " \t\n") }, host,
			port, &weight))
			break;
	}
	return weight;
}

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
				? weight_in(c->options, host, port)
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
pool_is(const struct pool *p, const struct pool_config *c)
{
	struct buf text;
	bool same;

	describe(c, &text);
	same =
	    text.len == p->text.len && memcmp(text.p, p->text.p, text.len) == 0;
	buf_release(&text);
	return same;
}

int
pool_new(const struct pool_config *c, struct pool **out, struct error *e)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	int r;

	p->holds = 1;
	p->name = xstrdup(c->name);
	describe(c, &p->text);
	p->module = xstrdup(is_set(c->module) ? c->module : MODULE_DEFAULT);
	r = is_set(c->options) ? build_by_string(c, &p->memcached, e)
			       : build(c, &p->memcached, e);
	if (r == 0)
		r = list_servers(p, c, e);
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

/* What libmemcached puts in front of each key, or "". */
static const char *
namespace_of(const struct pool *p)
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
	if (key.len + strlen(namespace_of(p)) > POOL_KEY_MAX)
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
	    whole ? namespace_of(p) : "", (int)key.len, key.p);

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
