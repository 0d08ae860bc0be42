/*
 * The connections of one target: one at rest as a rule, two at most.
 *
 * A connection whose answer did not come in time is not closed: a server whose
 * threads are stalled (by a lock, say) would keep its end of it, and of each
 * one that follows, until other clients are shut out. It is late: what comes is
 * read and dropped, and then it can be asked again, at once when the stall
 * ends. The older of two that are late gives way to a new one at once as long
 * as the server answers new ones; else only after a while, which doubles each
 * time, so that little is abandoned. One that is cut off, where the other
 * machine does not even acknowledge what was sent, gives way at once.
 */
#ifndef MEMCACHED_LINKS_H
#define MEMCACHED_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "memcached/closing.h"

struct connection;

#define LINKS_MAX 2

/* For so long two late connections are kept before the next is tried. */
#define LINKS_BACKOFF_US 5000000ULL
#define LINKS_BACKOFF_US_MAX 300000000ULL

enum link_state {
	LINK_FREE,
	LINK_RESTING,
	LINK_ASKED,  /* for the collection under way */
	LINK_FAILED, /* closed; its reply may be the best there is */
	LINK_LATE    /* asked for a collection that has ended */
};

struct link {
	enum link_state state;
	struct connection *connection; /* but for LINK_FREE */
	uint64_t late_us;              /* since when it is */
	unsigned asked;                /* steps that it was asked for */
	bool one_by_one;               /* and so */
};

struct links {
	struct link list[LINKS_MAX];
	uint64_t backoff_us; /* 0: the server answers */
	uint64_t retry_us;   /* when the next late one may give way */
};

struct link *links_of(struct links *ls, const struct connection *c);

/* The first one in a state, or NULL. */
struct link *links_find(struct links *ls, enum link_state state);

/*
 * One to ask: at rest, or free (the caller makes the connection). NULL when
 * there is none, until one that is late has answered, or retry_us.
 */
struct link *links_pick(struct links *ls, uint64_t now_us);

/* What came over it, which is not whole, is worth more. */
bool link_beats(const struct link *l, const struct link *best);

/*
 * It has answered some of the sub-commands of `stats`: the others may have been
 * dropped. Behind them a value or a probe is only slow.
 */
bool link_is_stuck(const struct link *l);

void link_close(struct link *l, enum close_reason reason);

/* Nothing waits for what it was asked any more: late, or closed. */
void link_late(struct link *l, uint64_t now_us);

/* A collection has ended: by its deadline; or the server has answered it. */
void links_unanswered(struct links *ls, uint64_t now_us);
void links_answered(struct links *ls);

/* The late one has answered: it is at rest, or of no use and closed. */
void links_drained(struct links *ls, struct link *l);

/*
 * Closes the failed ones, and all at rest but one: `keep`, if it is, or NULL.
 */
void links_tidy(struct links *ls, const struct link *keep);

/* All of them; false when there was none. */
bool links_close(struct links *ls, enum close_reason reason);

/* When the first that is connected was, as clock_us; 0: none is. */
uint64_t links_since(const struct links *ls);

#endif
