/*
 * memcached's binary protocol, as far as it is needed: a request with opcode
 * STAT for each sub-command, answered by one packet for each value and an empty
 * one at the end; GETK, NOOP, SET and DELETE, answered by one packet each; and
 * SASL with the mechanism PLAIN (RFC 4616) in one request. Every packet begins with a header of 24 bytes, in network order:
 *
 *	magic opcode keylen(2) extlen datatype status(2) bodylen(4) opaque(4)
 *	cas(8)
 *
 * The opaque of a request comes back in its answers: here, the collector, or a
 * number from one of those below on.
 */
#ifndef STATS_BINARY_H
#define STATS_BINARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "stats/keys.h"
#include "stats/line.h"

/* A packet with a larger body is skipped and counted; but for GETK's. */
#define BINARY_BODY_MAX 8192
#define BINARY_GET_BODY_MAX (LINE_VALUE_MAX + 256)

/* Opaques of gets and of a probe's operations. */
#define BINARY_GETS 0x10000
#define BINARY_PROBE 0x20000

struct reply;

enum binary_opcode {
	BINARY_SET = 0x01,
	BINARY_DELETE = 0x04,
	BINARY_NOOP = 0x0a,
	BINARY_GETK = 0x0c,
	BINARY_STAT = 0x10,
	BINARY_SASL_AUTH = 0x21
};

/* Of memcached's protocol_binary.h. */
enum binary_status {
	BINARY_OK = 0,
	BINARY_NOT_FOUND = 1,
	BINARY_AUTH_ERROR = 0x20,
	BINARY_AUTH_CONTINUE = 0x21,
	BINARY_UNKNOWN_COMMAND = 0x81
};

/* Appends the request for a collector. */
void binary_ask(struct buf *out, enum collector_id id);

/* Appends a request without a body, or with a key. */
void binary_noop(struct buf *out, uint32_t opaque);
void binary_get(struct buf *out, struct span key, uint32_t opaque);
void binary_delete(struct buf *out, struct span key, uint32_t opaque);
void binary_set(struct buf *out, struct span key, struct span value,
    uint32_t expiry, uint32_t opaque);

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
