/*
 * What each of many clients may write, so that the others have their turn.
 *
 * An answer goes out in one write where the kernel takes it. In a crowd each
 * client has a share of what a turn of the loop may write: the kernel takes
 * megabytes that no client has read, and to copy them takes a millisecond each.
 */
#ifndef HTTP_CROWD_H
#define HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct evbuffer;

/*
 * Priorities of the event base, of which libevent takes the middle one unless
 * told otherwise. What is left of the answers to a crowd comes later than all
 * else, and for so long at a time.
 */
#define CROWD_PRIORITIES 3
#define CROWD_PRIORITY 1
#define CROWD_PRIORITY_LATER 2
#define CROWD_LATER_US 5000

/*
 * Writes of an answer what one of so many busy clients may write in a turn, and
 * gives the bufferevent the rest; over TLS all of it, since it has to encrypt
 * it. -1: the connection is broken.
 */
int crowd_write(struct bufferevent *bev, int fd, bool is_tls,
    struct evbuffer *out, size_t busy);

/* So many busy clients wait behind others with what is left of an answer. */
bool crowd_is_there(size_t busy);

/*
 * Puts the events of a client behind those of others, or back. False when one
 * of them is due already: then it stays as it is for this time.
 */
bool crowd_set_later(struct bufferevent *bev, bool later);

#endif
