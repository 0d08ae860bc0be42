/*
 * Reads the answers to the steps of a plan (those to `get` and probes by
 * stats/retrieve.h), in the order in which they were asked, from a stream of
 * bytes into a reply. What belongs to no answer is counted and skipped; an
 * ERROR to one sub-command ends that answer alone, unless it is the answer to
 * `stats` itself. So does another word in capitals (INVALID, RECV_TIMEOUT) in
 * place of the first STAT line.
 *
 * As many lines that are no answer as there were commands, before anything was
 * understood: REASON_PROTOCOL, for this is no memcached.
 */
#ifndef STATS_READER_H
#define STATS_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"
#include "stats/reply.h"

/*
 * All answers of one scrape together; past it: REASON_TOO_LARGE. Collectors
 * that may have more lines than the usual may have more bytes, too.
 */
#define READER_BYTES_MAX (4U << 20)

enum reader_state {
	READER_MORE,         /* an answer is missing */
	READER_DONE,         /* every step was answered */
	READER_AUTHENTICATE, /* send the credentials, then go on */
	READER_ASK,          /* send the commands again, then go on */
	READER_FAILED,       /* the stream is of no further use */
};

struct reader;

/*
 * The answers come in the order of the plan's steps. The reader fills a new
 * reply that it owns; keys and plan are borrowed. Without credentials, a
 * server that wants some has failed.
 */
struct reader *reader_new(
    const struct keys *keys, const struct plan *plan, bool credentials);
/* The same for the binary protocol, where the credentials go first. */
struct reader *reader_new_binary(
    const struct keys *keys, const struct plan *plan);
void reader_free(struct reader *r);

/*
 * Reads *data, leaving in it what came behind the last answer. e says why
 * when it fails.
 */
enum reader_state reader_feed(
    struct reader *r, struct span *data, struct error *e);

/*
 * What to call the stream's end before the answers were whole: closed or
 * timed out (why->reason, kept), or REASON_PROTOCOL when nothing that came
 * was of the protocol. Adds to why->text what was missing.
 */
void reader_broken(const struct reader *r, struct error *why);

/*
 * For servers that cannot take several commands in one write. Sets
 * are of steps; the reader keeps what has been answered.
 *
 * The steps that have not been answered yet, in part perhaps; the sub-commands
 * of `stats` that were answered with an error, but for SERVER_ERROR, which may
 * pass.
 */
unsigned reader_missing(const struct reader *r);
unsigned reader_refused(const struct reader *r);

/*
 * Before anything is read: these were refused before and are not asked again.
 * They stay unanswered in the reply. `stats` is always asked.
 */
void reader_skip(struct reader *r, unsigned steps);

/*
 * These were sent in one write: all of them unless this is called. Of gets
 * only the next one, if it says so.
 */
void reader_sent(struct reader *r, unsigned steps, bool one_get);

/* Something of what was sent has not been answered yet. */
bool reader_owes(const struct reader *r);

/* Bytes of all that came so far, and, about, of the answers to gets. */
size_t reader_bytes(const struct reader *r);
size_t reader_values(const struct reader *r);

/* The place of the next get to be answered. */
size_t reader_get(const struct reader *r);

/* What comes next is from another connection, where the missing is asked. */
void reader_reopen(struct reader *r);

/* No byte has come yet. */
bool reader_is_silent(const struct reader *r);

/* Nothing needs the reply any more: what comes is read and dropped. */
void reader_forget(struct reader *r);

/* The reply, complete or not: borrowed until reader_free; or NULL. */
struct reply *reader_reply(const struct reader *r);

#endif
