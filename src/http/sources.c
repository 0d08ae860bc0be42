#include "http/sources.h"

#include <sys/stat.h>

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

/* What tells one state of a file from another. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed; /* its content, or its owner or mode */
};

struct source {
	char *path;
	struct stamp added;
	struct stamp seen; /* at the last look */
};

/* A file that is not there has a stamp as well. */
static struct stamp
stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_ctim };
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

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

		changed |= !same_stamp(&now, &source->added);
		settled &= same_stamp(&now, &source->seen);
		source->seen = now;
	}
	if (!settled)
		return LOOK_UNSETTLED;
	return changed ? LOOK_CHANGED : LOOK_SAME;
}
