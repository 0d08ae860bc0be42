#include "http/turns.h"

#include <event2/event.h>

#include "base/mem.h"

void
turns_leave(struct turns *ts, struct turn *turn)
{
	if (!turn->waits)
		return;
	TAILQ_REMOVE(&ts->list, turn, entry);
	ts->len--;
	turn->waits = false;
}

void
turns_wait(struct turns *ts, struct turn *turn)
{
	static const struct timeval at_once = { 0, 0 };

	if (turn->waits)
		return;
	turn->waits = true;
	ts->len++;
	TAILQ_INSERT_TAIL(&ts->list, turn, entry);
	(void)event_add(ts->event, &at_once);
}

static void
on_turns(evutil_socket_t fd, short what, void *arg)
{
	struct turns *ts = arg;
	struct turn *turn;

	(void)fd;
	(void)what;
	/* those that come meanwhile have their turn later */
	for (size_t n = ts->len; n > 0; n--) {
		if ((turn = TAILQ_FIRST(&ts->list)) == NULL)
			break;
		turns_leave(ts, turn);
		ts->take(turn);
	}
}

void
turns_init(
    struct turns *ts, struct event_base *base, void (*take)(struct turn *turn))
{
	TAILQ_INIT(&ts->list);
	ts->len = 0;
	ts->take = take;
	ts->event = xnonnull(evtimer_new(base, on_turns, ts));
}

void
turns_release(struct turns *ts)
{
	struct turn *turn;

	while ((turn = TAILQ_FIRST(&ts->list)) != NULL) {
		turns_leave(ts, turn);
		ts->take(turn);
	}
	event_free(ts->event);
}
