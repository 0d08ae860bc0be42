#include "http/sources.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/stamp.h"

struct source {
	char *path;
	struct stamp added;
	struct stamp seen; /* at the last look */
};

void
sources_add(struct sources *s, const char *path)
{
	struct source *source;

	if (path == NULL)
		return;
	s->list = xreallocarray(s->list, s->len + 1, sizeof(*s->list));
	source = &s->list[s->len++];
	source->path = xstrdup(path);
	source->seen = source->added = stamp_of(path);
}

void
sources_clear(struct sources *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->list[i].path);
	free(s->list);
	*s = (struct sources){ 0 };
}

enum look
sources_look(struct sources *s)
{
	bool changed = false, settled = true;

	for (size_t i = 0; i < s->len; i++) {
		struct source *source = &s->list[i];
		struct stamp now = stamp_of(source->path);

		changed |= !stamp_same(&now, &source->added);
		settled &= stamp_same(&now, &source->seen);
		source->seen = now;
	}
	if (!settled)
		return LOOK_UNSETTLED;
	return changed ? LOOK_CHANGED : LOOK_SAME;
}
