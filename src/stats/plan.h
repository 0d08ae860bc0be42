/*
 * What a collection asks of a server: steps in their order, each the bytes to
 * send and how the answer is read. Plans are made once and shared, so that two
 * of them are the same if their addresses are.
 *
 * A set of steps is a mask of their bits.
 */
#ifndef STATS_PLAN_H
#define STATS_PLAN_H

#include <stddef.h>

#include "base/span.h"
#include "stats/collector.h"

struct step {
	unsigned bit;                /* 1 << collector */
	struct span text;            /* "stats settings\r\n" */
	struct span packet;          /* the same in the binary protocol */
	enum collector_id collector; /* whose answer reads what comes */
};

struct plan {
	unsigned
	    on; /* collectors that are on, 1 << collector: what comes out */
	unsigned asked;        /* all steps */
	unsigned prefixes_max; /* of the collector `detail` */
	size_t more_bytes;     /* of its answers, than READER_BYTES_MAX */
	size_t len;
	struct step steps[COLLECTORS];
};

struct plans;

struct plans *plans_new(unsigned prefixes_max);
void plans_free(struct plans *ps);

/*
 * The plan that asks a set of set for those collectors that are on. It is
 * borrowed, and stays until plans_free: there are no more plans than sets.
 */
const struct plan *plans_get(struct plans *ps, unsigned on, unsigned asked);

/* The same with what is asked for such a set, as collectors_asked has it. */
const struct plan *plans_usual(struct plans *ps, unsigned on);

#endif
