#include "memcached/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "stats/reply.h"

static const char *const health_names[] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_UP] = "up",
	[HEALTH_DOWN] = "down",
};
_Static_assert(nitems(health_names) == HEALTHS, "a health without a name");

const char *
health_name(enum health health)
{
	return health_names[health];
}

void
status_init(struct status *s)
{
	*s = (struct status){ .since = time(NULL),
		.hit_ratio = RATIO_NONE,
		.memory_ratio = RATIO_NONE };
}

void
status_release(struct status *s)
{
	free(s->error);
	s->error = NULL;
}

void
status_copy(struct status *to, const struct status *from)
{
	*to = *from;
	if (from->error != NULL)
		to->error = xstrdup(from->error);
}

static bool
number(const struct reply *reply, const char *key, uint64_t *n)
{
	struct span text;

	return reply_find(reply, REPLY_SERVER, SECTION_STATS, key, &text) &&
	       parse_u64(text, n) == 0;
}

static double
hit_ratio(const struct reply *reply)
{
	uint64_t hits, misses;

	if (!number(reply, "get_hits", &hits) ||
	    !number(reply, "get_misses", &misses) || (hits == 0 && misses == 0))
		return RATIO_NONE;
	return (double)hits / ((double)hits + (double)misses);
}

static double
memory_ratio(const struct reply *reply)
{
	uint64_t used, limit;

	if (!number(reply, "bytes", &used) ||
	    !number(reply, "limit_maxbytes", &limit) || limit == 0)
		return RATIO_NONE;
	return (double)used / (double)limit;
}

/* A target that stays down mostly has the same words for it. */
static void
keep_error(struct status *s, const struct error *down)
{
	s->reason = down->reason;
	if (s->error != NULL && strcmp(s->error, down->text) == 0)
		return;
	free(s->error);
	s->error = xstrdup(down->text);
}

bool
status_note(struct status *s, const struct reply *reply,
    const struct error *down, uint64_t duration_us)
{
	enum health before = s->health;
	enum reason reason_before = s->reason;

	s->health = down == NULL ? HEALTH_UP : HEALTH_DOWN;
	s->duration_us = duration_us;
	if (s->health != before)
		s->since = time(NULL);
	if (down != NULL) {
		keep_error(s, down);
	} else {
		status_release(s);
		s->hit_ratio = hit_ratio(reply);
		s->memory_ratio = memory_ratio(reply);
	}
	if (s->health == before)
		return down != NULL && down->reason != reason_before;
	return before != HEALTH_UNKNOWN || down != NULL;
}
