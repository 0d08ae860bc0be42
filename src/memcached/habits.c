#include "memcached/habits.h"

#include "base/parse.h"
#include "base/span.h"
#include "stats/reply.h"

bool
habits_one_by_one(struct habits *h, uint64_t now_us)
{
	if (h->one_by_one && now_us >= h->until_us)
		*h = (struct habits){ .one_by_one = false };
	return h->one_by_one;
}

static void
habits_limit(struct habits *h, uint64_t now_us, uint64_t seconds)
{
	uint64_t until = now_us + seconds * 1000000;

	if (!h->one_by_one || until < h->until_us)
		h->until_us = until;
}

void
habits_learn(
    struct habits *h, unsigned refused, unsigned stuck, uint64_t now_us)
{
	if (!h->one_by_one)
		habits_limit(h, now_us, HABITS_SECONDS);
	h->one_by_one = true;
	h->refused |= refused | stuck;
	if (stuck != 0)
		habits_limit(h, now_us, HABITS_STUCK_SECONDS);
}

void
habits_note(struct habits *h, const struct reply *reply)
{
	struct span text;
	uint64_t uptime;

	if (!h->one_by_one || reply == NULL ||
	    !reply_find(
		reply, REPLY_SERVER, COLLECTOR_STATS, "uptime", &text) ||
	    parse_u64(text, &uptime) < 0)
		return;
	if (uptime < h->uptime)
		*h = (struct habits){ .one_by_one = false };
	h->uptime = uptime;
}
