/*
 * The files that a configuration was read from, and whether they have changed
 * since: a file's content, another one in its place, or its permissions.
 */
#ifndef HTTP_SOURCES_H
#define HTTP_SOURCES_H

#include <stddef.h>

enum look {
	LOOK_SAME,
	LOOK_CHANGED,  /* since they were added, but not since the last look */
	LOOK_UNSETTLED /* since the last look */
};

struct source;

/* As many as the configuration names. */
struct sources {
	struct source *list;
	size_t len;
};

/* Before it is read: what changes meanwhile has changed. NULL adds none. */
void sources_add(struct sources *s, const char *path);
void sources_clear(struct sources *s);

enum look sources_look(struct sources *s);

#endif
