/*
 * One attempt to have questions answered by one name server: over UDP from a
 * port of its own, and over TCP when an answer is too long for a datagram.
 */
#ifndef MEMCACHED_ATTEMPT_H
#define MEMCACHED_ATTEMPT_H

#include <stdbool.h>

#include "memcached/dns.h"
#include "memcached/endpoints.h"

/* Of an answer over TCP; a longer one is a failure. */
#define ATTEMPT_STREAM_MAX 16384

/* The addresses of a name are asked for by family. */
enum family {
	FAMILY_4,
	FAMILY_6,
	FAMILIES
};

/* What is asked, and what has been answered of it by any attempt. */
struct inquiry {
	struct dns_question questions[FAMILIES];
	bool answered[FAMILIES];
	struct endpoints *found[FAMILIES]; /* NULL: none */
};

/* False when the name cannot be asked for. Nothing is answered as yet. */
bool inquiry_begin(struct inquiry *i, const char *name);

/* Forgets what has been found. */
void inquiry_release(struct inquiry *i);

struct attempt;
struct event_base;

/*
 * fault NULL: one more question has been answered. Else the attempt is over,
 * and here is why. False when the owner has freed the attempt in this call.
 */
typedef bool attempt_fn(struct attempt *a, const char *fault, void *arg);

/*
 * Asks what is open, in the plain way or not (dns.h). NULL with errno when the
 * server cannot be asked.
 */
struct attempt *attempt_new(struct event_base *base,
    const struct endpoint *server, struct inquiry *inquiry, bool is_plain,
    attempt_fn *done, void *arg);
void attempt_free(struct attempt *a);

#endif
