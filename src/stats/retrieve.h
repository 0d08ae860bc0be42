/*
 * Reads the answers to the steps of a plan behind `stats`: gets and the
 * operations of a probe, in either protocol, into a reply, which may be NULL.
 */
#ifndef STATS_RETRIEVE_H
#define STATS_RETRIEVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "stats/get.h"
#include "stats/plan.h"

struct binary_packet;
struct reply;

enum retrieved {
	RETRIEVED_MORE,
	RETRIEVED_STEP,  /* the step is over */
	RETRIEVED_ALL,   /* so are those behind it */
	RETRIEVED_BROKEN /* what came belongs to nothing that was asked */
};

struct retrieve {
	struct get_answer get;
	size_t at;    /* of the get being answered */
	size_t bytes; /* of answers to gets, but for line ends */
	bool is_good; /* the operation, if its answer ends well */
};

enum retrieved retrieve_line(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply, const struct line *line);

/* The bytes that rt->get has counted. */
enum retrieved retrieve_bytes(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply, struct span bytes);

enum retrieved retrieve_packet(struct retrieve *rt, const struct plan *plan,
    const struct step *step, struct reply *reply,
    const struct binary_packet *packet);

#endif
