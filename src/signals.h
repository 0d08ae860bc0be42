/* SIGTERM, SIGINT and SIGHUP, from the first moment of the program on. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>

#include <event2/event.h>

#define SIGNALS 3

struct signals {
	sighandler_t before[SIGNALS]; /* the parent's */
	struct event *events[SIGNALS];
};

/*
 * Comes first, since reading the configuration takes a while: a SIGHUP then
 * waits for the loop and is not lost. The parent may have blocked any of them.
 */
void signals_take(struct signals *s);

/* For what runs without the loop of a server. */
void signals_leave(const struct signals *s);

/*
 * In the loop: end is called for SIGTERM and SIGINT, reload for SIGHUP. Answers
 * go to sockets that the client may have closed, hence no SIGPIPE. -1 when that
 * cannot be had.
 */
int signals_watch(struct signals *s, struct event_base *base,
    event_callback_fn end, event_callback_fn reload, void *arg);

/* From here on a signal to end does so at once. */
void signals_unwatch(struct signals *s);

#endif
