#include "memcached/discovery.h"

#include <stdlib.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "memcached/modules.h"
#include "memcached/peer.h"
#include "memcached/target.h"
#include "memcached/targets.h"
#include "stats/cluster.h"
#include "stats/plan.h"
#include "stats/reply.h"

struct discovery {
	struct targets *targets;
	struct target *target;
	struct waiter waiter;
	discovery_fn *done;
	void *arg;
};

static int
read_nodes(const struct outcome *outcome, struct cluster **out, struct error *e)
{
	struct span text = reply_cluster(outcome->reply);

	if (outcome->why != NULL) {
		*e = *outcome->why;
		return -1;
	}
	if (text.len == 0)
		return error_because(e, REASON_PROTOCOL,
		    "the server knows no cluster: expected the configuration "
		    "endpoint of one");
	return cluster_parse(text, out, e);
}

static void
note_failure(const struct discovery *d, const struct error *why)
{
	char address[ADDRESS_TEXT_MAX], whole[ERROR_WHOLE_MAX];

	address_text(target_address(d->target), address);
	log_debug("No nodes found", "target", address, "err",
	    error_whole(why, whole));
}

/* The only end of one that was asked. */
static void
on_outcome(struct outcome *outcome, void *arg)
{
	struct discovery *d = arg;
	struct cluster *cluster = NULL;
	struct error why;

	if (read_nodes(outcome, &cluster, &why) < 0) {
		note_failure(d, &why);
		if (target_is_hidden(d->target, &why)) {
			targets_forget(d->targets, d->target);
			target_hide(&why);
		}
	}
	d->done(cluster, cluster == NULL ? &why : NULL, d->arg);
	free(cluster);
	plan_release(d->waiter.plan);
	free(d);
}

static struct target *
find_target(struct targets *ts, struct module *m,
    const struct address *endpoint, struct error *e)
{
	struct peer peer;

	if (module_peer(m, endpoint, false, &peer, e) < 0)
		return NULL;
	if (peer.access->protocol == PROTOCOL_BINARY) {
		(void)error_set(e,
		    "Nodes of a cluster are asked for in the text protocol: "
		    "use a module with protocol ascii.");
		return NULL;
	}
	return targets_get(ts, &peer, e);
}

void
discovery_start(struct targets *ts, struct module *m,
    const struct address *endpoint, uint64_t deadline_us, discovery_fn *done,
    void *arg)
{
	struct error why;
	struct target *target = find_target(ts, m, endpoint, &why);
	struct discovery *d;

	if (target == NULL) {
		done(NULL, &why, arg);
		return;
	}
	d = xcalloc(1, sizeof(*d));
	d->targets = ts;
	d->target = target;
	d->done = done;
	d->arg = arg;
	d->waiter.plan = plan_hold(module_cluster_plan(m));
	d->waiter.deadline_us = deadline_us;
	d->waiter.done = on_outcome;
	d->waiter.arg = d;
	target_ask(target, &d->waiter);
}
