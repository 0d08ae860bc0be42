#include "stats/plan.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "stats/binary.h"

/* All requests of the binary protocol for sub-commands of `stats`. */
#define PACKETS_BYTES_MAX 4096

struct plan_entry {
	SLIST_ENTRY(plan_entry) link;
	unsigned holds;
	struct buf packets; /* what spans of the plan's steps point into */
	struct plan plan;
};

struct plans {
	SLIST_HEAD(entries, plan_entry) list;
	unsigned prefixes_max;
	struct gets *gets;
	struct probe *probe;
};

struct plans *
plans_new_with(unsigned prefixes_max, struct gets *gets, struct probe *probe)
{
	struct plans *ps = xcalloc(1, sizeof(*ps));

	SLIST_INIT(&ps->list);
	ps->prefixes_max = prefixes_max;
	ps->gets = gets_hold(gets);
	ps->probe = probe_hold(probe);
	return ps;
}

struct plans *
plans_new(unsigned prefixes_max)
{
	return plans_new_with(prefixes_max, NULL, NULL);
}

void
plans_free(struct plans *ps)
{
	struct plan_entry *e;

	if (ps == NULL)
		return;
	while ((e = SLIST_FIRST(&ps->list)) != NULL) {
		SLIST_REMOVE_HEAD(&ps->list, link);
		plan_release(&e->plan);
	}
	gets_release(ps->gets);
	probe_release(ps->probe);
	free(ps);
}

const struct plan *
plan_hold(const struct plan *p)
{
	p->entry->holds++;
	return p;
}

void
plan_release(const struct plan *p)
{
	struct plan_entry *e;

	if (p == NULL || --p->entry->holds > 0)
		return;
	e = p->entry;
	gets_release(e->plan.gets);
	probe_release(e->plan.probe);
	buf_release(&e->packets);
	free(e);
}

static void
add_step(struct plan *p, const struct step *step)
{
	p->steps[p->len++] = *step;
	p->asked |= step->bit;
}

/* The packets must not move: there is room for all of them. */
static void
add_stats(struct plan_entry *e, unsigned asked)
{
	struct buf *out = &e->packets;

	buf_init(out, PACKETS_BYTES_MAX);
	(void)buf_reserve(out, PACKETS_BYTES_MAX);
	for (unsigned s = 0; s < COLLECTORS; s++) {
		struct step step = { .bit = COLLECTOR_BIT(s),
			.text = span_of(collectors[s].command),
			.kind = STEP_STATS,
			.collector = (enum collector_id)s };
		size_t entries = collectors[s].entries_max;
		size_t at = out->len;

		if ((asked & step.bit) == 0)
			continue;
		if (entries > COLLECTOR_ENTRIES_USUAL)
			e->plan.more_bytes += entries * COLLECTOR_LINE_BYTES;
		binary_ask(out, step.collector);
		step.packet = (struct span){ out->p + at, out->len - at };
		add_step(&e->plan, &step);
	}
}

static void
add_gets(struct plan *p)
{
	struct step step = {
		.bit = STEPS_GETS, .kind = STEP_GETS, .collector = COLLECTORS
	};

	if (p->gets == NULL || p->gets->len == 0)
		return;
	step.text = p->gets->commands;
	step.packet = p->gets->packets;
	p->more_bytes += QUERY_BYTES_MAX;
	add_step(p, &step);
}

static void
add_probe(struct plan *p)
{
	for (unsigned op = 0; p->probe != NULL && op < PROBE_OPERATIONS; op++) {
		struct step step = { .bit = STEPS_GETS << (1 + op),
			.kind = STEP_PROBE,
			.collector = COLLECTORS,
			.probe = (enum probe_operation)op };

		step.text = step.packet = probe_command(p->probe, step.probe);
		if (step.text.p != NULL)
			add_step(p, &step);
	}
}

static struct plan_entry *
add_plan(struct plans *ps)
{
	struct plan_entry *e = xcalloc(1, sizeof(*e));

	e->holds = 1;
	e->plan.entry = e;
	SLIST_INSERT_HEAD(&ps->list, e, link);
	return e;
}

const struct plan *
plans_get(struct plans *ps, unsigned on, unsigned asked)
{
	struct plan_entry *e;

	SLIST_FOREACH(e, &ps->list, link)
	{
		if (e->plan.on == on && (e->plan.asked & STEPS_STATS) == asked)
			return &e->plan;
	}
	e = add_plan(ps);
	e->plan.on = on;
	e->plan.prefixes_max = ps->prefixes_max;
	e->plan.gets = gets_hold(ps->gets);
	e->plan.probe = probe_hold(ps->probe);
	add_stats(e, asked);
	add_gets(&e->plan);
	add_probe(&e->plan);
	return &e->plan;
}

const struct plan *
plans_usual(struct plans *ps, unsigned on)
{
	return plans_get(ps, on, collectors_asked(on));
}

const struct plan *
plans_cluster(struct plans *ps)
{
	struct plan_entry *e;

	SLIST_FOREACH(e, &ps->list, link)
	{
		if ((e->plan.asked & STEPS_CLUSTER) != 0)
			return &e->plan;
	}
	e = add_plan(ps);
	for (unsigned way = 0; way < CLUSTER_WAYS; way++) {
		struct step step = { .bit = (STEPS_CLUSTER & -STEPS_CLUSTER)
					    << way,
			.text = cluster_command((enum cluster_way)way),
			.kind = STEP_CLUSTER,
			.collector = COLLECTORS,
			.way = (enum cluster_way)way };

		add_step(&e->plan, &step);
	}
	return &e->plan;
}

const char *
step_name(const struct step *step)
{
	switch (step->kind) {
	case STEP_GETS:
		return "queries";
	case STEP_PROBE:
		return "probe";
	case STEP_CLUSTER:
		return "config get cluster";
	case STEP_STATS:
		break;
	}
	return collector_name(step->collector);
}
