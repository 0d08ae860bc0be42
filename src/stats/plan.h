/*
 * What a collection asks of a server: steps in their order, each the bytes to
 * send and how the answer is read. Plans are made once and shared, so that two
 * of them are the same if their addresses are.
 *
 * Sub-commands of `stats` come first, then all gets of queries, which are one
 * step, then the operations of a probe, each of which is sent when all before
 * it has been answered. A plan of another kind asks for the nodes of a cluster,
 * in one way after the other. A set of steps is a mask of their bits.
 */
#ifndef STATS_PLAN_H
#define STATS_PLAN_H

#include <stddef.h>

#include "base/span.h"
#include "stats/cluster.h"
#include "stats/collector.h"
#include "stats/metric_query.h"
#include "stats/probe.h"

enum step_kind {
	STEP_STATS,
	STEP_GETS,
	STEP_PROBE,
	STEP_CLUSTER
};

struct step {
	unsigned bit;       /* of STEPS_STATS: 1 << collector */
	struct span text;   /* "stats settings\r\n" */
	struct span packet; /* the same in the binary protocol */
	enum step_kind kind;
	enum collector_id
	    collector; /* STEP_STATS: whose answer it is, or COLLECTORS */
	enum probe_operation probe; /* STEP_PROBE */
	enum cluster_way way;       /* STEP_CLUSTER */
};

#define STEPS_STATS (COLLECTOR_BIT(COLLECTORS) - 1)
#define STEPS_GETS COLLECTOR_BIT(COLLECTORS)
#define STEPS_PROBE (((1U << PROBE_OPERATIONS) - 1) << (COLLECTORS + 1))
#define STEPS_CLUSTER (~0U << (COLLECTORS + 1 + PROBE_OPERATIONS))
#define STEPS_ALONE (STEPS_PROBE | STEPS_CLUSTER) /* one by one */
#define STEPS_MAX (COLLECTORS + 1 + PROBE_OPERATIONS + CLUSTER_WAYS)
_Static_assert(STEPS_MAX <= 32, "sets of them are bit masks");

/* The name of a step for people: "settings", "queries", "probe". */
const char *step_name(const struct step *step);

struct plan {
	struct plan_entry *entry; /* that it is part of */
	unsigned
	    on; /* collectors that are on, 1 << collector: what comes out */
	unsigned asked;        /* all steps */
	unsigned prefixes_max; /* of the collector `detail` */
	size_t more_bytes;     /* of its answers, than READER_BYTES_MAX */
	struct gets *gets;     /* NULL: none; held */
	struct probe *probe;   /* NULL: none; held */
	size_t len;
	struct step steps[STEPS_MAX];
};

/* A plan lives until all that use it have released it, its plans included. */
const struct plan *plan_hold(const struct plan *p);
void plan_release(const struct plan *p); /* takes NULL */

struct plans;

struct plans *plans_new(unsigned prefixes_max);

/* The same, with gets and a probe in each of them: held, or NULL. */
struct plans *plans_new_with(
    unsigned prefixes_max, struct gets *gets, struct probe *probe);
void plans_free(struct plans *ps);

/*
 * The plan that asks a set of collectors for those collectors that are on. It
 * is borrowed, and stays until plans_free, or longer for what holds it: there
 * are no more plans than sets.
 */
const struct plan *plans_get(struct plans *ps, unsigned on, unsigned asked);

/* The same with what is asked for such a set, as collectors_asked has it. */
const struct plan *plans_usual(struct plans *ps, unsigned on);

/*
 * The plan that asks for the nodes of a cluster, borrowed in the same way. The
 * text protocol only.
 */
const struct plan *plans_cluster(struct plans *ps);

#endif
