#include "config/collectors.h"

#include "base/span.h"

/* Names that have been another's. */
static const struct {
	const char *name;
	unsigned set;
} aliases[] = {
	{ "slab",
	    COLLECTOR_BIT(COLLECTOR_SLABS) | COLLECTOR_BIT(COLLECTOR_ITEMS) },
};

unsigned
collector_set(const char *name)
{
	for (size_t i = 0; i < COLLECTORS; i++) {
		if (strcmp(collectors[i].name, name) == 0)
			return COLLECTOR_BIT(i);
	}
	for (size_t i = 0; i < nitems(aliases); i++) {
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].set;
	}
	return 0;
}
