#include "config/collectors.h"

#include "base/span.h"

static const struct {
	const char *name;
	unsigned section;
} collectors[] = {
	{ "settings", 1U << SECTION_SETTINGS },
	{ "slab", 1U << SECTION_ITEMS },
	{ "scrub", 1U << SECTION_SCRUB },
};

unsigned
collector_section(const char *name)
{
	for (size_t i = 0; i < nitems(collectors); i++) {
		if (strcmp(collectors[i].name, name) == 0)
			return collectors[i].section;
	}
	return 0;
}
