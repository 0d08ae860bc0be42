/*
 * The inside of a reader: for the files that read the answers of one protocol,
 * stats/reader_text.c and stats/reader_binary.c, and for no others.
 */
#ifndef STATS_READER_INSIDE_H
#define STATS_READER_INSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"
#include "stats/binary.h"
#include "stats/collector.h"
#include "stats/line.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/retrieve.h"
#include "stats/sample.h"

/* Stands for a collector when all steps were answered. */
#define READER_END ((enum collector_id)(COLLECTORS + 1))

enum credentials {
	CREDENTIALS_NONE, /* or they have done their work */
	CREDENTIALS_READY,
	CREDENTIALS_SENT
};

struct reader {
	const struct plan *plan;
	unsigned skipped; /* steps that are not asked */
	size_t at; /* of the step being answered; the plan's len at the end */
	enum collector_id collector; /* of that step, or READER_END */
	unsigned refused;            /* steps answered with an error */
	unsigned sent;               /* steps, in one write */
	size_t gets_sent;            /* up to which they are */
	size_t commands;             /* but for gets, in that write */
	size_t bytes;
	bool understood; /* a line of the protocol has come */
	bool has_stat;   /* so has one with STAT, of the current answer */
	size_t strays;   /* lines before anything was understood */
	enum credentials credentials;
	unsigned refusals;    /* that may still come for what was sent before */
	struct sample sample; /* of the text protocol */
	struct retrieve retrieve; /* of the steps behind `stats` */
	struct reply *reply;
	bool binary;
	union {
		struct line_splitter lines;
		struct binary_splitter packets;
	} splitter;
};

static inline const struct step *
reader_step(const struct reader *r)
{
	return &r->plan->steps[r->at];
}

/* It is one that stats/retrieve.h reads. */
static inline bool
reader_is_behind_stats(const struct reader *r)
{
	return r->collector == COLLECTORS;
}

static inline bool
reader_is_done(const struct reader *r)
{
	return r->collector == READER_END;
}

static inline bool
reader_is_stats(const struct reader *r)
{
	return r->collector == COLLECTOR_STATS;
}

/* An answer is over: goes on with the next one. */
void reader_next_answer(struct reader *r);

/* An answer to a sub-command of `stats` is whole. */
int reader_take_end(struct reader *r, struct error *e);

/* What an answer behind those of `stats` means for the steps. */
int reader_take_retrieved(
    struct reader *r, enum retrieved retrieved, struct error *e);

/*
 * Reads *data up to the last answer, in the text or the binary protocol;
 * READER_MORE, too, when all steps were answered.
 */
enum reader_state reader_take_lines(
    struct reader *r, struct span *data, struct error *e);
enum reader_state reader_take_packets(
    struct reader *r, struct span *data, struct error *e);

/* Something came, and it was not of the protocol. */
bool reader_is_no_memcached(const struct reader *r);

/* The error of that; cause says what ended the stream, or is empty. */
int reader_no_memcached(
    const struct reader *r, const char *cause, struct error *e);

#endif
