/*
 * memcached's binary protocol, as far as statistics need it: a request with
 * opcode STAT for each sub-command, answered by one packet for each value and
 * an empty one at the end; and SASL with the mechanism PLAIN (RFC 4616) in one
 * request. Every packet begins with a header of 24 bytes, in network order:
 *
 *	magic opcode keylen(2) extlen datatype status(2) bodylen(4) opaque(4)
 *	cas(8)
 *
 * The opaque of a request comes back in its answers: here, the collector.
 */
#ifndef STATS_BINARY_H
#define STATS_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "stats/keys.h"

/* A packet with a larger body is skipped and counted. */
#define BINARY_BODY_MAX 8192

struct reply;

enum binary_opcode {
	BINARY_STAT = 0x10,
	BINARY_SASL_AUTH = 0x21
};

/* Of memcached's protocol_binary.h. */
enum binary_status {
	BINARY_OK = 0,
	BINARY_AUTH_ERROR = 0x20,
	BINARY_AUTH_CONTINUE = 0x21,
	BINARY_UNKNOWN_COMMAND = 0x81
};

/* Appends the request for a collector. */
void binary_ask(struct buf *out, enum collector_id id);

/* Appends the request that authenticates. */
void binary_authenticate(
    struct buf *out, const char *username, const char *password);

/* Cuts a stream into packets; holds one that is not whole yet. */
struct binary_splitter {
	struct buf partial;
	uint64_t skip; /* of a body that is too large */
};

void binary_splitter_init(struct binary_splitter *s);
void binary_splitter_release(struct binary_splitter *s);

struct binary_packet {
	uint8_t opcode;
	uint16_t status;
	uint32_t opaque;
	bool is_long;    /* without key and value */
	struct span key; /* valid until the next call */
	struct span value;
};

enum binary_found {
	BINARY_NONE, /* no whole packet; *data was kept and is empty */
	BINARY_PACKET,
	BINARY_GARBAGE /* no packet of this protocol */
};

enum binary_found binary_next(
    struct binary_splitter *s, struct span *data, struct binary_packet *packet);

#endif
