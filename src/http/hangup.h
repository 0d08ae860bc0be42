/*
 * The end of a connection that is not read from: its client has hung up.
 */
#ifndef HTTP_HANGUP_H
#define HTTP_HANGUP_H

#include <stdbool.h>

#include <event2/event.h>

/*
 * Waits for it. While nothing is written to the socket that is edge-triggered:
 * what the client sends stays there, and an error is no end to libevent. Else
 * the writing finds errors. The callback has to ask hangup_has_come; the caller
 * frees the event.
 */
struct event *hangup_watch(struct event_base *base, int fd, bool is_written,
    event_callback_fn callback, void *arg);

bool hangup_has_come(int fd);

#endif
