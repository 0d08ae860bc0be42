/*
 * An application that spreads keys by libmemcached, its network code included:
 * stores COUNT keys, key:0 and so on, in the servers given.
 *
 *	pool_writer COUNT DISTRIBUTION HASH NAMESPACE WITH_NAMESPACE
 *	    PORT[/WEIGHT]...
 *
 * or pool_writer COUNT options STRING, which is libmemcached's own.
 *
 * Prints "unsupported" and ends with 0 when libmemcached refuses the hash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

static void
check(memcached_return_t rc, const char *what)
{
	if (rc == MEMCACHED_SUCCESS || rc == MEMCACHED_BUFFERED)
		return;
	fprintf(stderr, "%s: %s\n", what, memcached_strerror(NULL, rc));
	exit(1);
}

static void
set_distribution(memcached_st *m, const char *name)
{
	if (strcmp(name, "modula") == 0)
		check(memcached_behavior_set(m, MEMCACHED_BEHAVIOR_DISTRIBUTION,
			  MEMCACHED_DISTRIBUTION_MODULA),
		    name);
	else if (strcmp(name, "consistent") == 0)
		check(memcached_behavior_set(m, MEMCACHED_BEHAVIOR_DISTRIBUTION,
			  MEMCACHED_DISTRIBUTION_CONSISTENT),
		    name);
	else if (strcmp(name, "ketama") == 0)
		check(memcached_behavior_set(m, MEMCACHED_BEHAVIOR_KETAMA, 1),
		    name);
	else if (strcmp(name, "ketama_weighted") == 0)
		check(memcached_behavior_set(
			  m, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1),
		    name);
	else
		check(memcached_behavior_set(m, MEMCACHED_BEHAVIOR_DISTRIBUTION,
			  MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY),
		    name);
}

static void
store(memcached_st *m, long count)
{
	for (long i = 0; i < count; i++) {
		char key[32];
		int len = snprintf(key, sizeof(key), "key:%ld", i);

		check(memcached_set(m, key, (size_t)len, "v", 1, 0, 0), key);
	}
	memcached_free(m);
}

int
main(int argc, char **argv)
{
	static const char *const hashes[] = { "default", "md5", "crc",
		"fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "hsieh", "murmur",
		"jenkins", "murmur3" };
	memcached_st *m = memcached_create(NULL);
	long count = atol(argv[1]);

	if (strcmp(argv[2], "options") == 0) {
		memcached_free(m);
		store(memcached(argv[3], strlen(argv[3])), count);
		return 0;
	}
	/* as clients do: first the behaviour, then the servers */
	set_distribution(m, argv[2]);
	for (int h = 0; h < MEMCACHED_HASH_CUSTOM; h++) {
		if (strcmp(argv[3], hashes[h]) == 0 &&
		    memcached_behavior_set(m, MEMCACHED_BEHAVIOR_HASH,
			(uint64_t)h) != MEMCACHED_SUCCESS) {
			puts("unsupported");
			return 0;
		}
	}
	if (argv[4][0] != '\0')
		check(memcached_callback_set(
			  m, MEMCACHED_CALLBACK_NAMESPACE, argv[4]),
		    "namespace");
	check(memcached_behavior_set(m, MEMCACHED_BEHAVIOR_HASH_WITH_PREFIX_KEY,
		  argv[5][0] == '1'),
	    "hash_with_namespace");
	for (int i = 6; i < argc; i++) {
		char *weight = strchr(argv[i], '/');

		check(memcached_server_add_with_weight(m, "127.0.0.1",
			  (in_port_t)atoi(argv[i]),
			  weight != NULL ? (uint32_t)atoi(weight + 1) : 1),
		    argv[i]);
	}
	store(m, count);
	return 0;
}
