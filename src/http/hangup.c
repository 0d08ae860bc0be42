#include "http/hangup.h"

#include <poll.h>

#include "base/mem.h"

struct event *
hangup_watch(struct event_base *base, int fd, bool is_written,
    event_callback_fn callback, void *arg)
{
	short when = is_written ? EV_CLOSED | EV_PERSIST
				: EV_READ | EV_CLOSED | EV_ET | EV_PERSIST;
	struct event *watch =
	    xnonnull(event_new(base, fd, when, callback, arg));

	(void)event_add(watch, NULL);
	return watch;
}

bool
hangup_has_come(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}
