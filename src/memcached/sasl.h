/*
 * One connection to a server that speaks the binary protocol, with or without
 * SASL: libmemcached, on a worker thread, since all its calls block. Its
 * memcached_st stays connected from one ask to the next.
 */
#ifndef MEMCACHED_SASL_H
#define MEMCACHED_SASL_H

#include <stdint.h>

#include "base/error.h"

struct access;
struct endpoint;
struct endpoints;
struct keys;
struct reply;
struct sasl;
struct workers;

/* why is NULL when all was answered; reply is then, and may be else, there. */
typedef void sasl_fn(const struct error *why, void *arg);

/* All is borrowed; keys until the workers are gone. */
struct sasl *sasl_new(struct workers *workers, const struct keys *keys,
    const struct access *access, sasl_fn *done, void *arg);

/* Whatever its thread does is dropped when it ends. */
void sasl_free(struct sasl *s);

/*
 * Asks a set of sections of the first of these endpoints that can be reached,
 * until the deadline (clock_us). -1, with REASON_BUSY, when too many asks wait
 * for a thread; or else done is called once, from the loop.
 */
int sasl_ask(struct sasl *s, const struct endpoints *endpoints,
    unsigned sections, uint64_t deadline_us, struct error *e);

/* What came, borrowed until the next ask; NULL while a thread has it. */
struct reply *sasl_reply(const struct sasl *s);

/* Gives the reply's memory back. */
void sasl_rest(struct sasl *s);

#endif
