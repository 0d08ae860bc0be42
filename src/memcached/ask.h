/*
 * What a server is asked over one connection, and how: several commands in one
 * write, or one by one. Sets are of a plan's steps.
 */
#ifndef MEMCACHED_ASK_H
#define MEMCACHED_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access;
struct buf;
struct keys;
struct plan;
struct reader;

struct ask {
	const struct plan *plan;
	unsigned refused; /* steps that need not be asked */
	bool one_by_one;  /* the text protocol only */

	/* only shares out the time among the addresses of a name */
	uint64_t deadline_us; /* of clock_us */
};

/* Bytes of all commands and credentials together are fewer. */
#define ASK_BYTES_MAX (1U << 20)

/* The reader of all its answers. keys is borrowed. */
struct reader *ask_reader(const struct ask *ask, const struct access *access,
    const struct keys *keys);

/*
 * The steps to send next, of those that are missing; 0: none. Operations of a
 * probe come when all else was answered, one by one; so do those of discovery.
 */
unsigned ask_next(const struct ask *ask, unsigned missing);

/*
 * Appends the commands of steps; on a new connection, what goes first. Of gets
 * that are asked one by one it is the one at a place.
 */
void ask_commands(struct buf *out, const struct ask *ask,
    const struct access *access, unsigned steps, size_t get, bool is_new);

/*
 * A connection of `memcached -Y` speaks after it has stored the credentials
 * under some key (protocol.txt, "Authentication"). They are sent only to a
 * server that has asked for them: another one would keep them as an item.
 */
void ask_credentials(struct buf *out, const struct access *access);

#endif
