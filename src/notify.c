#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"

/* Longer status lines are cut; an error with words in front fits. */
#define STATUS_MAX (ERROR_TEXT_MAX + 64)

/*
 * Bounds of the time between two signs of life: an interval that is too short
 * would keep the loop busy, and a sign more than is asked for does no harm.
 */
#define WATCHDOG_US_MIN 1000ULL
#define WATCHDOG_US_MAX (3600 * 1000000ULL)

struct notify {
	int fd; /* -1: not asked for */
	struct endpoint to;
	struct event *watchdog;
	bool failed; /* and logged */
};

static void
send_state(struct notify *n, const char *state)
{
	if (n->fd < 0 ||
	    sendto(n->fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&n->to.sa, n->to.len) >= 0)
		return;
	if (!n->failed)
		log_warn("Cannot tell the service manager", "state", state,
		    "err", strerror(errno));
	n->failed = true;
}

/* A path, or "@name" in the abstract namespace. */
static int
parse_socket(const char *text, struct endpoint *ep)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ep->sa;
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len >= sizeof(un->sun_path))
		return -1;
	*ep = (struct endpoint){
		.len = (socklen_t)(len + offsetof(struct sockaddr_un, sun_path))
	};
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, text, len);
	if (text[0] == '@')
		un->sun_path[0] = '\0';
	return 0;
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_state(arg, "WATCHDOG=1");
}

static bool
get_number(const char *name, uint64_t *n)
{
	const char *text = getenv(name);

	return text != NULL && parse_u64(span_of(text), n) == 0;
}

static void
watch(struct notify *n, struct event_base *base)
{
	struct timeval every;
	uint64_t us, pid;

	if (!get_number("WATCHDOG_USEC", &us) || us == 0)
		return;
	if (get_number("WATCHDOG_PID", &pid) && pid != (uint64_t)getpid())
		return;
	us /= 2;
	if (us < WATCHDOG_US_MIN)
		us = WATCHDOG_US_MIN;
	if (us > WATCHDOG_US_MAX)
		us = WATCHDOG_US_MAX;
	every.tv_sec = (time_t)(us / 1000000);
	every.tv_usec = (suseconds_t)(us % 1000000);
	n->watchdog = xnonnull(event_new(base, -1, EV_PERSIST, on_watchdog, n));
	(void)event_add(n->watchdog, &every);
}

struct notify *
notify_new(struct event_base *base)
{
	const char *text = getenv("NOTIFY_SOCKET");
	struct notify *n = xcalloc(1, sizeof(*n));

	n->fd = -1;
	if (text == NULL || text[0] == '\0')
		return n;
	if (parse_socket(text, &n->to) < 0) {
		log_warn("NOTIFY_SOCKET is neither a path nor @name", "socket",
		    text);
		return n;
	}
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0)
		log_warn(
		    "Cannot tell the service manager", "err", strerror(errno));
	else
		watch(n, base);
	return n;
}

void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	if (n->watchdog != NULL)
		event_free(n->watchdog);
	if (n->fd >= 0)
		(void)close(n->fd);
	free(n);
}

void
notify_ready(struct notify *n, const char *fmt, ...)
{
	char status[STATUS_MAX], state[STATUS_MAX + 32];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(status, sizeof(status), fmt, args);
	va_end(args);
	/* a line end would begin another assignment */
	for (char *c = status; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ')
			*c = ' ';
	}
	(void)snprintf(state, sizeof(state), "READY=1\nSTATUS=%s", status);
	send_state(n, state);
}

void
notify_reloading(struct notify *n)
{
	char state[64];

	(void)snprintf(state, sizeof(state),
	    "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_us());
	send_state(n, state);
}

void
notify_stopping(struct notify *n)
{
	send_state(n, "STOPPING=1\nSTATUS=Stopping");
}
