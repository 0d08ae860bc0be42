#include "signals.h"

#include <stdbool.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"

/* Asked again while all is freed. */
static void
end_at_once(int number)
{
	(void)number;
	_exit(0);
}

/* Outside the loop a signal does what stands here. */
static const struct {
	int number;
	sighandler_t outside;
	bool reloads; /* waits from the start until the loop runs */
} signals[] = {
	{ SIGTERM, end_at_once, false },
	{ SIGINT, end_at_once, false },
	{ SIGHUP, SIG_IGN, true },
};
_Static_assert(nitems(signals) == SIGNALS, "an event for each signal");

static void
set_blocked(int how, bool waiting)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < nitems(signals); i++) {
		if (signals[i].reloads == waiting)
			(void)sigaddset(&set, signals[i].number);
	}
	(void)sigprocmask(how, &set, NULL);
}

void
signals_take(struct signals *s)
{
	for (size_t i = 0; i < nitems(signals); i++)
		s->before[i] = signal(signals[i].number, signals[i].outside);
	set_blocked(SIG_BLOCK, true);
	set_blocked(SIG_UNBLOCK, false);
}

void
signals_leave(const struct signals *s)
{
	for (size_t i = 0; i < nitems(signals); i++)
		(void)signal(signals[i].number, s->before[i]);
	set_blocked(SIG_UNBLOCK, true);
}

/* libevent puts the handlers of signals_take back at its end. */
int
signals_watch(struct signals *s, struct event_base *base, event_callback_fn end,
    event_callback_fn reload, void *arg)
{
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < nitems(signals); i++) {
		s->events[i] = xnonnull(evsignal_new(base, signals[i].number,
		    signals[i].reloads ? reload : end, arg));
		if (event_add(s->events[i], NULL) < 0)
			return -1;
	}
	set_blocked(SIG_UNBLOCK, true);
	return 0;
}

void
signals_unwatch(struct signals *s)
{
	for (size_t i = 0; i < nitems(signals); i++) {
		if (s->events[i] != NULL)
			event_free(s->events[i]);
		s->events[i] = NULL;
	}
}
