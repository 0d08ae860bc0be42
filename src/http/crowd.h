/*
 * What each of many clients may write, so that the others have their turn.
 *
 * An answer goes out in one write where the kernel takes it, as long as this
 * turn of the loop has not written too much already: the kernel takes megabytes
 * that no client has read, and to copy them takes a millisecond each. What is
 * left of answers to a crowd is written piece by piece behind all else.
 */
#ifndef HTTP_CROWD_H
#define HTTP_CROWD_H

#include <sys/time.h>

#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct evbuffer;
struct outbox;

/*
 * Priorities of the event base, of which libevent takes the middle one unless
 * told otherwise. What is left of the answers to a crowd comes later than all
 * else, and for so long at a time.
 */
#define CROWD_PRIORITIES 3
#define CROWD_PRIORITY 1
#define CROWD_PRIORITY_LATER 2
#define CROWD_LATER_US 5000

/* What the clients of a server may still write in this turn. */
struct crowd {
	/* past a share of its maximum no turn has written too much */
	const struct outbox *outbox;
	struct timeval turn;
	size_t left;
};

/*
 * Writes of an answer what may be written in this turn, and gives the
 * bufferevent the rest; over TLS all of it, since it has to encrypt it. busy:
 * clients that wait for answers or read them. -1: the connection is broken.
 */
int crowd_write(struct crowd *crowd, struct bufferevent *bev, int fd,
    bool is_tls, struct evbuffer *out, size_t busy);

/* So many busy clients wait behind others with what is left of an answer. */
bool crowd_is_there(size_t busy);

/*
 * Puts the events of a client behind those of others, or back. False when one
 * of them is due already: then it stays as it is for this time.
 */
bool crowd_set_later(struct bufferevent *bev, bool later);

#endif
