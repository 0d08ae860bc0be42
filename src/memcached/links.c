#include "memcached/links.h"

#include <stddef.h>

#include "base/span.h"
#include "memcached/connection.h"
#include "stats/plan.h"

struct link *
links_of(struct links *ls, const struct connection *c)
{
	for (size_t i = 0; i < nitems(ls->list); i++) {
		if (ls->list[i].connection == c)
			return &ls->list[i];
	}
	return NULL;
}

struct link *
links_find(struct links *ls, enum link_state state)
{
	for (size_t i = 0; i < nitems(ls->list); i++) {
		if (ls->list[i].state == state)
			return &ls->list[i];
	}
	return NULL;
}

void
link_close(struct link *l, enum close_reason reason)
{
	connection_close(l->connection, reason);
	*l = (struct link){ .state = LINK_FREE };
}

bool
link_beats(const struct link *l, const struct link *best)
{
	int more = __builtin_popcount(connection_answered(l->connection)) -
		   __builtin_popcount(connection_answered(best->connection));

	if (more != 0)
		return more > 0;
	return best->state != LINK_FAILED &&
	       connection_is_silent(best->connection) &&
	       !connection_is_silent(l->connection);
}

bool
link_is_stuck(const struct link *l)
{
	unsigned answered = connection_answered(l->connection);

	return answered != 0 && (l->asked & ~answered & STEPS_STATS) != 0;
}

/* The one that has been late for longest, or that is cut off. */
static struct link *
links_worst(struct links *ls)
{
	struct link *worst = NULL;

	for (size_t i = 0; i < nitems(ls->list); i++) {
		struct link *l = &ls->list[i];

		if (l->state != LINK_LATE)
			continue;
		if (connection_is_cut_off(l->connection))
			return l;
		if (worst == NULL || l->late_us < worst->late_us)
			worst = l;
	}
	return worst;
}

static uint64_t
backoff_next(uint64_t us)
{
	if (us == 0)
		return LINKS_BACKOFF_US;
	return us < LINKS_BACKOFF_US_MAX / 2 ? 2 * us : LINKS_BACKOFF_US_MAX;
}

static struct link *
links_evict(struct links *ls, uint64_t now_us)
{
	struct link *l = links_worst(ls);

	if (l == NULL)
		return NULL;
	if (!connection_is_cut_off(l->connection)) {
		if (now_us < ls->retry_us)
			return NULL;
		ls->backoff_us = backoff_next(ls->backoff_us);
		ls->retry_us = now_us + ls->backoff_us;
	}
	link_close(l, CLOSE_TIMEOUT);
	return l;
}

struct link *
links_pick(struct links *ls, uint64_t now_us)
{
	struct link *l;

	while ((l = links_find(ls, LINK_RESTING)) != NULL) {
		if (connection_is_usable(l->connection))
			return l;
		/* no need to find that out by asking */
		link_close(l, CLOSE_SERVER);
	}
	l = links_find(ls, LINK_FREE);
	return l != NULL ? l : links_evict(ls, now_us);
}

void
link_late(struct link *l, uint64_t now_us)
{
	if (!connection_drain(l->connection)) {
		link_close(l, CLOSE_TIMEOUT);
		return;
	}
	l->state = LINK_LATE;
	l->late_us = now_us;
}

void
links_unanswered(struct links *ls, uint64_t now_us)
{
	if (ls->backoff_us == 0)
		ls->backoff_us = LINKS_BACKOFF_US;
	ls->retry_us = now_us + ls->backoff_us;
}

void
links_answered(struct links *ls)
{
	ls->backoff_us = 0;
	ls->retry_us = 0;
}

void
links_drained(struct links *ls, struct link *l)
{
	links_answered(ls);
	if (connection_is_usable(l->connection)) {
		connection_rest(l->connection);
		l->state = LINK_RESTING;
	} else {
		link_close(l, CLOSE_SERVER);
	}
}

void
links_tidy(struct links *ls, const struct link *keep)
{
	if (keep == NULL || keep->state != LINK_RESTING)
		keep = links_find(ls, LINK_RESTING);
	for (size_t i = 0; i < nitems(ls->list); i++) {
		struct link *l = &ls->list[i];

		if (l->state == LINK_FAILED ||
		    (l->state == LINK_RESTING && l != keep))
			link_close(l, CLOSE_HEDGE);
	}
}

bool
links_close(struct links *ls, enum close_reason reason)
{
	bool any = false;

	for (size_t i = 0; i < nitems(ls->list); i++) {
		any |= ls->list[i].state != LINK_FREE;
		link_close(&ls->list[i], reason);
	}
	return any;
}

uint64_t
links_since(const struct links *ls)
{
	uint64_t since = 0;

	for (size_t i = 0; i < nitems(ls->list) && since == 0; i++) {
		if (ls->list[i].connection != NULL)
			since = connection_since(ls->list[i].connection);
	}
	return since;
}
