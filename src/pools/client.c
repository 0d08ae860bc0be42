#include "pools/client.h"

#include <string.h>
#include <strings.h>

#include <libmemcached/memcached.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"

#define WORDS_MAX 256 /* of libmemcached, in an error */

/*
 * libmemcached puts keys of all distributions but modula on a circle, which has
 * room for so many servers: with more it aborts the process
 * (MEMCACHED_CONTINUUM_SIZE / MEMCACHED_POINTS_PER_SERVER).
 */
#define CIRCLE_SERVERS_MAX 100

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

int
client_new(
    const struct pool_config *c, struct memcached_st **out, struct error *e)
{
	return is_set(c->options) ? build_by_string(c, out, e)
				  : build(c, out, e);
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

uint32_t
client_weight(const char *options, const char *host, in_port_t port)
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

const char *
client_library_version(void)
{
	return memcached_lib_version();
}
