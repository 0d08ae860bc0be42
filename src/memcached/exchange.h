/*
 * What is asked over one connection at a time, and its answers: what was sent
 * of it, what is missing, how long things took.
 */
#ifndef MEMCACHED_EXCHANGE_H
#define MEMCACHED_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memcached/ask.h"
#include "stats/reader.h"

struct access;
struct keys;
struct plan;
struct stream;

/* All zero but for access, before the first one. The owner sets is_reused. */
struct exchange {
	const struct access *access;
	struct ask ask;        /* its plan with a hold */
	struct reader *reader; /* NULL once it has ended */
	uint64_t heard;        /* when something came, or it began */
	unsigned begun; /* steps that were missing when it was connected */
	bool is_reused; /* the connection was open when it began */
	unsigned sent;  /* steps of the last write */

	/* Use only in exchange.c. */
	uint64_t sent_at;              /* when, of a probe's operation */
	const struct plan *usual_plan; /* when last asked, to compare */
	size_t usual; /* bytes that its answers had, or somewhat less */
};

/*
 * A new one in place of the last. refused: steps that need not be asked either.
 */
void exchange_begin(struct exchange *x, const struct ask *ask, unsigned refused,
    const struct keys *keys);

/* There is a stream for it: a new one, or that of the one before. */
void exchange_connected(struct exchange *x);

/* Sends the steps that come next, of those that are missing. */
void exchange_send(struct exchange *x, struct stream *stream);

void exchange_authenticate(const struct exchange *x, struct stream *stream);

/*
 * What the reader has just read tells how long an operation of a probe took,
 * and for how many bytes the next answers are to be waited for.
 */
void exchange_note(
    struct exchange *x, struct stream *stream, enum reader_state state);

/* The steps that were answered, refused ones included; 0 once it has ended. */
unsigned exchange_answered(const struct exchange *x);

/* The reply has been used: gives the reader and its reply back. */
void exchange_end(struct exchange *x);

void exchange_release(struct exchange *x);

#endif
