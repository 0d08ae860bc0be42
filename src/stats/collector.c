#include "stats/collector.h"

#define ROW(id, text, sub, preset, most, kind, about)                          \
	[COLLECTOR_##id] = { .name = (text),                                   \
		.command = "stats" sub "\r\n",                                 \
		.argument = &(sub)[sizeof(sub) > 1],                           \
		.is_preset = (preset),                                         \
		.entries_max = (most),                                         \
		.answer = &answer_##kind,                                      \
		.help = (about) },

const struct collector collectors[COLLECTORS] = { COLLECTORS_EACH(ROW) };

#define NAME(id, text, ...) ", " text

/* With a comma in front of the first as well. */
static const char names[] = COLLECTORS_EACH(NAME);

const char *
collector_names(void)
{
	return names + strlen(", ");
}

const struct answer answer_server = { .is_filed = true };
const struct answer answer_slabs = { .is_filed = true,
	.classes = CLASSES_NUMBER };
const struct answer answer_items = { .is_filed = true,
	.classes = CLASSES_ITEMS };
