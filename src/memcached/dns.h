/*
 * Messages of the DNS (RFC 1035): one question, and the addresses that answer
 * it. Pure: no socket, no clock.
 *
 * Off the path, an answer can only be forged by guessing. A question is
 * therefore hard to guess: its id is random, and so is the case of each letter
 * of its name, which servers repeat as it is (draft-vixie-dnsext-dns0x20). The
 * port is up to its sender.
 */
#ifndef MEMCACHED_DNS_H
#define MEMCACHED_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memcached/endpoints.h"

/* A name in a message: labels with their lengths, and an empty one. */
#define DNS_NAME_MAX 255

/* A question in a message of its own, with EDNS0 (RFC 6891). */
#define DNS_QUESTION_MAX (12 + DNS_NAME_MAX + 4 + 11)

/* What we take in a datagram; longer answers come over TCP (RFC 9715). */
#define DNS_DATAGRAM_MAX 1232

/* Over TCP. */
#define DNS_MESSAGE_MAX 65535

enum dns_type {
	DNS_A = 1,
	DNS_AAAA = 28
};

struct dns_question {
	uint16_t id;
	uint16_t type;
	bool is_plain; /* servers may repeat the name in any case */
	size_t name_len;
	unsigned char name[DNS_NAME_MAX];
};

enum dns_outcome {
	DNS_OTHER,     /* no answer to this question */
	DNS_FOUND,     /* addresses */
	DNS_NOT_FOUND, /* the name, or addresses of the type */
	DNS_CUT,       /* too long for a datagram */
	DNS_FAILED     /* the server could not, or would not */
};

/* False when the name cannot stand in a message. */
bool dns_question_init(
    struct dns_question *q, const char *name, enum dns_type type);

/*
 * A new id and new cases before each sending. A plain one, for servers that
 * choke on cases or EDNS0, has neither.
 */
void dns_question_shuffle(struct dns_question *q, bool is_plain);

/* The message's length. */
size_t dns_question_pack(
    const struct dns_question *q, unsigned char out[DNS_QUESTION_MAX]);

/* Appends what is found. The message is what came, from any sender. */
enum dns_outcome dns_answer(const struct dns_question *q,
    const unsigned char *message, size_t len, struct endpoints *found);

#endif
