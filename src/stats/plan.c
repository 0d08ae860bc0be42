#include "stats/plan.h"

#include <sys/queue.h>

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "stats/binary.h"

/* All requests of the binary protocol. */
#define PACKETS_BYTES_MAX 4096

struct entry {
	SLIST_ENTRY(entry) link;
	struct plan plan;
};

struct plans {
	SLIST_HEAD(entries, entry) list;
	unsigned prefixes_max;
	struct buf packets;
	struct span packet[COLLECTORS]; /* in packets */
};

struct plans *
plans_new(unsigned prefixes_max)
{
	struct plans *ps = xcalloc(1, sizeof(*ps));
	size_t at[COLLECTORS + 1] = { 0 };

	SLIST_INIT(&ps->list);
	ps->prefixes_max = prefixes_max;
	buf_init(&ps->packets, PACKETS_BYTES_MAX);
	for (unsigned s = 0; s < COLLECTORS; s++) {
		binary_ask(&ps->packets, (enum collector_id)s);
		at[s + 1] = ps->packets.len;
	}
	for (unsigned s = 0; s < COLLECTORS; s++)
		ps->packet[s] =
		    (struct span){ ps->packets.p + at[s], at[s + 1] - at[s] };
	return ps;
}

void
plans_free(struct plans *ps)
{
	struct entry *e;

	if (ps == NULL)
		return;
	while ((e = SLIST_FIRST(&ps->list)) != NULL) {
		SLIST_REMOVE_HEAD(&ps->list, link);
		free(e);
	}
	buf_release(&ps->packets);
	free(ps);
}

static void
add_step(const struct plans *ps, struct plan *p, enum collector_id id)
{
	size_t entries = collectors[id].entries_max;

	if (entries > COLLECTOR_ENTRIES_USUAL)
		p->more_bytes += entries * COLLECTOR_LINE_BYTES;
	p->steps[p->len++] = (struct step){ .bit = COLLECTOR_BIT(id),
		.text = span_of(collectors[id].command),
		.packet = ps->packet[id],
		.collector = id };
}

const struct plan *
plans_get(struct plans *ps, unsigned on, unsigned asked)
{
	struct entry *e;

	SLIST_FOREACH(e, &ps->list, link)
	{
		if (e->plan.on == on && e->plan.asked == asked)
			return &e->plan;
	}
	e = xcalloc(1, sizeof(*e));
	e->plan.on = on;
	e->plan.asked = asked;
	e->plan.prefixes_max = ps->prefixes_max;
	for (unsigned s = 0; s < COLLECTORS; s++) {
		if (asked & COLLECTOR_BIT(s))
			add_step(ps, &e->plan, (enum collector_id)s);
	}
	SLIST_INSERT_HEAD(&ps->list, e, link);
	return &e->plan;
}

const struct plan *
plans_usual(struct plans *ps, unsigned on)
{
	return plans_get(ps, on, collectors_asked(on));
}
