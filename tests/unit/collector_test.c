#include "stats/collector.h"

#include "config/collectors.h"
#include "support.h"

/* What is sent, and which set a name stands for. */
TEST(rows)
{
	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		const struct collector *c = &collectors[s];
		struct buf command;

		buf_init(&command, 100);
		buf_add_str(&command, "stats");
		if (s != COLLECTOR_STATS)
			buf_printf(&command, " %s", c->argument);
		buf_add_str(&command, "\r\n");
		check_text(c->name, span_of_buf(&command), c->command);
		buf_release(&command);
		check_number(c->name, collector_set(c->name), COLLECTOR_BIT(s));
		check(c->name, c->answer != NULL && c->entries_max > 0);
		check(c->name, c->help[strlen(c->help) - 1] == '.');
		check(c->name, strstr(collector_names(), c->name) != NULL);
	}
	check_number("stats is first", collector_set("stats"), 1);
	check_text("argument", span_of(collectors[0].argument), "");
}

TEST(names)
{
	static const struct {
		const char *name;
		unsigned set;
	} rows[] = {
		{ "slab", COLLECTOR_BIT(COLLECTOR_SLABS) |
			      COLLECTOR_BIT(COLLECTOR_ITEMS) },
		{ "slabs", COLLECTOR_BIT(COLLECTOR_SLABS) },
		{ "", 0 },
		{ "Stats", 0 },
		{ "stats ", 0 },
		{ "sla", 0 },
	};

	for (EACH(r, rows))
		check_number(r->name, collector_set(r->name), r->set);
	check("no comma in front",
	    strncmp(collector_names(), "stats, settings, ", 17) == 0);
	check_number("asked", collectors_asked(0),
	    COLLECTOR_BIT(COLLECTOR_STATS) | COLLECTOR_BIT(COLLECTOR_SLABS));
}

TESTS("collector", T(rows), T(names))
