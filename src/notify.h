/*
 * Tells the service manager how it goes, by the protocol of sd_notify(3), if
 * NOTIFY_SOCKET says that it wants to know. Never waits: what cannot be told
 * at once is not told, and logged the first time.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

struct event_base;
struct notify;

/*
 * Also starts to say that the loop runs, twice in each WATCHDOG_USEC, where
 * that is set and WATCHDOG_PID is ours or not set.
 */
struct notify *notify_new(struct event_base *base);
void notify_free(struct notify *n);

/* The start or a reload is over; one line for people, printf's way. */
void notify_ready(struct notify *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The configuration is being read again; notify_ready has to follow. */
void notify_reloading(struct notify *n);

/* The end has begun. */
void notify_stopping(struct notify *n);

#endif
