/*
 * What else the keys of an answer mean, when they come from a server that is
 * no memcached. A dialect is recognised by a key that stock memcached never
 * sends.
 */
#ifndef STATS_DIALECT_H
#define STATS_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply;

struct dialect {
	/*
	 * Built on the engine interface (the InnoDB plugin, NDB, Arcus,
	 * Couchbase's moxi), which sends engine_maxbytes: `cmd_set` does not
	 * include `cas`, and an item may be older than the uptime (seen of
	 * Arcus).
	 */
	bool engine;
	/* `cmd_*` are rates per second: mcrouter, which sends cmd_get_count. */
	bool rates;
	/* `uptime` is in ms: Pelikan, which sends ru_utime. */
	bool milliseconds;

	uint64_t uptime; /* in seconds; UINT64_MAX when it is not known */
};

/* The keys of `stats` that tell dialects apart, for stats/keys.c. */
extern const char *const dialect_keys[];
extern const size_t dialect_keys_len;

struct dialect dialect_of(const struct reply *reply);

#endif
