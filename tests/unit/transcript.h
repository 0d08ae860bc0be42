/* A folder of fixtures/stats: what a server answered to each sub-command. */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/render.h"

#define TRANSCRIPT_FILE_MAX (1U << 20)

/* Reads a file of the folder into text; -1 when there is none. */
static inline int
transcript_file(const char *folder, const char *name,
    char text[TRANSCRIPT_FILE_MAX], struct span *content, struct error *e)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return file_read(path, text, TRANSCRIPT_FILE_MAX, content, e);
}

/* Renders the answers there are; the others were not asked. */
static inline int
transcript_render(const char *folder, struct buf *out, struct error *e)
{
	static char texts[COLLECTORS][TRANSCRIPT_FILE_MAX];
	enum reader_state state = READER_FAILED;
	struct plans *plans = plans_new(100);
	struct keys *keys = keys_new();
	struct span answers[COLLECTORS];
	unsigned set = 0;
	struct reader *r;

	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%s.txt", collector_name(s));
		if (transcript_file(folder, name, texts[s], &answers[s], e) ==
		    0)
			set |= 1U << s;
	}
	r = reader_new(keys, plans_get(plans, set, set), false);
	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		if (set & (1U << s))
			state = reader_feed(r, &answers[s], e);
	}
	if (state == READER_DONE)
		render_reply(out, TEXT_PROMETHEUS, reader_reply(r), set, NULL);
	else if (state == READER_MORE)
		(void)error_set(e, "%s: an answer has no END", folder);
	reader_free(r);
	plans_free(plans);
	keys_free(keys);
	return state == READER_DONE ? 0 : -1;
}

#endif
