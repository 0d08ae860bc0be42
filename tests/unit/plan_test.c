#include "stats/plan.h"

#include "stats/binary.h"
#include "support.h"

#define BIT COLLECTOR_BIT

/* A plan is one for all who ask the same. */
TEST(shared)
{
	struct plans *ps = plans_new(7), *others = plans_new(7);
	const struct plan *p = plans_usual(ps, BIT(COLLECTOR_ITEMS));

	check("the same", plans_usual(ps, BIT(COLLECTOR_ITEMS)) == p);
	check("other collectors", plans_usual(ps, 0) != p);
	check("the same is asked, other things come out",
	    plans_usual(ps, BIT(COLLECTOR_SLABS)) != plans_usual(ps, 0));
	check("still the same", plans_usual(ps, BIT(COLLECTOR_ITEMS)) == p);
	check("others'", plans_usual(others, BIT(COLLECTOR_ITEMS)) != p);
	check_number("prefixes", p->prefixes_max, 7);
	plans_free(others);
	plans_free(ps);
	plans_free(NULL);
}

/* Each step has what to send, in both protocols, in the table's order. */
TEST(steps)
{
	struct plans *ps = plans_new(1);
	unsigned all = (1U << COLLECTORS) - 1;
	const struct plan *p = plans_get(ps, 0, all);

	check_number("all", p->len, COLLECTORS);
	for (size_t i = 0; i < p->len; i++) {
		const struct step *step = &p->steps[i];
		const char *name = collectors[i].name;
		struct buf packet;

		buf_init(&packet, 1000);
		binary_ask(&packet, step->collector);
		check_number(name, step->collector, i);
		check_number(name, step->bit, 1U << i);
		check_text(name, step->text, collectors[i].command);
		check_bytes(name, step->packet, span_of_buf(&packet));
		buf_release(&packet);
	}
	p = plans_usual(ps, BIT(COLLECTOR_SCRUB));
	check_number("len", p->len, 3);
	check_number("on", p->on, BIT(COLLECTOR_SCRUB));
	check_number("asked", p->asked,
	    BIT(COLLECTOR_STATS) | BIT(COLLECTOR_SLABS) | BIT(COLLECTOR_SCRUB));
	check_number("last", p->steps[2].collector, COLLECTOR_SCRUB);
	plans_free(ps);
}

TESTS("plan", T(shared), T(steps))
