#include "pages/kept.h"

#include <stddef.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/body.h"

struct kept {
	struct {
		uint64_t key, version;
		uint64_t until_us;
		struct body *body; /* NULL: free */
	} list[KEPT_MAX];
	size_t next; /* the oldest */
	struct event *over;
};

void
kept_forget(struct kept *k)
{
	for (size_t i = 0; i < KEPT_MAX; i++) {
		body_release(k->list[i].body);
		k->list[i].body = NULL;
	}
	(void)event_del(k->over);
}

/* Nothing has been added for as long as any of it may be used. */
static void
on_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	kept_forget(arg);
}

struct kept *
kept_new(struct event_base *base)
{
	struct kept *k = xcalloc(1, sizeof(*k));

	k->over = xnonnull(evtimer_new(base, on_over, k));
	return k;
}

void
kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	kept_forget(k);
	event_free(k->over);
	free(k);
}

struct body *
kept_find(const struct kept *k, uint64_t key, uint64_t version)
{
	uint64_t now = clock_us();

	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (k->list[i].body != NULL && k->list[i].key == key &&
		    k->list[i].version == version && now < k->list[i].until_us)
			return k->list[i].body;
	}
	return NULL;
}

void
kept_add(struct kept *k, uint64_t key, uint64_t version, struct body *b)
{
	struct timeval later = { KEPT_SECONDS, 0 };

	body_release(k->list[k->next].body);
	k->list[k->next].key = key;
	k->list[k->next].version = version;
	k->list[k->next].until_us = clock_us() + KEPT_SECONDS * 1000000ULL;
	k->list[k->next].body = body_hold(b);
	k->next = (k->next + 1) % KEPT_MAX;
	(void)event_add(k->over, &later);
}
