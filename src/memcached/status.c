#include "memcached/status.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "stats/reply.h"

#define BELOW_ONE (1 - DBL_EPSILON / 2) /* the next double */

/* In place of what was heard. */
#define SEE_LOG " (see the log)"

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

	return reply_find(reply, REPLY_SERVER, COLLECTOR_STATS, key, &text) &&
	       parse_u64(text, n) == 0;
}

/* A part of the whole, which is 1 only when it is all of it. */
static double
share(uint64_t part, double whole, bool is_all)
{
	double ratio = (double)part / whole;

	return is_all || ratio < BELOW_ONE ? ratio : BELOW_ONE;
}

static double
hit_ratio(const struct reply *reply)
{
	uint64_t hits, misses;

	if (!number(reply, "get_hits", &hits) ||
	    !number(reply, "get_misses", &misses) || (hits == 0 && misses == 0))
		return RATIO_NONE;
	return share(hits, (double)hits + (double)misses, misses == 0);
}

/* Numbers of 2^63 and more are negative ones, as in stats/value.c. */
static double
memory_ratio(const struct reply *reply)
{
	uint64_t used, limit;

	if (!number(reply, "bytes", &used) || used > INT64_MAX ||
	    !number(reply, "limit_maxbytes", &limit) || limit > INT64_MAX ||
	    limit == 0)
		return RATIO_NONE;
	return share(used, (double)limit, used >= limit);
}

/*
 * Without what the server said: anybody may see it here. A target that stays
 * down mostly has the same words for it.
 */
static void
keep_error(struct status *s, const struct error *down)
{
	char text[ERROR_TEXT_MAX + sizeof(SEE_LOG)];

	s->reason = down->reason;
	(void)snprintf(text, sizeof(text), "%s%s", down->text,
	    down->heard[0] != '\0' ? SEE_LOG : "");
	if (s->error != NULL && strcmp(s->error, text) == 0)
		return;
	free(s->error);
	s->error = xstrdup(text);
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
