/*
 * A connected socket, plain or in TLS: the same to what reads and writes it.
 * The calls come from the loop, none after stream_stop.
 */
#ifndef MEMCACHED_STREAM_H
#define MEMCACHED_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

struct buf;
struct bufferevent;
struct event_base;
struct stream;

/* Nothing is held back for longer. */
#define STREAM_GATHER_US 5000

/* Bytes have come: borrowed for the call. */
typedef void stream_data_fn(struct span data, void *arg);

/* The other side closed it, or the network failed. No call comes after it. */
typedef void stream_end_fn(const struct error *why, void *arg);

/*
 * Takes over a socket that is connected: fd, or with TLS the bufferevent that
 * has shaken hands.
 */
struct stream *stream_new(struct event_base *base, int fd,
    struct bufferevent *tls, stream_data_fn *data, stream_end_fn *end,
    void *arg);

/* Closes the socket. Not in one of its own calls: there is stream_stop. */
void stream_free(struct stream *s);

/* Reads and writes no more. */
void stream_stop(struct stream *s);

/* Sends all of out, which is wiped (it may be a password) and released. */
void stream_send(struct stream *s, struct buf *out);

/*
 * About so many bytes are to come, in pieces perhaps: they are given together,
 * or what there is of them STREAM_GATHER_US later. 1 is the end of it. TLS and
 * unix sockets give all at once as it comes.
 */
void stream_expect(struct stream *s, size_t bytes);

/*
 * Something that was sent has not been acknowledged by the other machine: it
 * or the way to it is down. Always false of a unix socket.
 */
bool stream_is_cut_off(const struct stream *s);

/* What events of a bufferevent with TLS, and errno, mean. */
void stream_explain_tls(
    struct bufferevent *tls, short what, int err, struct error *why);

/* What an errno means. */
void stream_explain(int err, struct error *why);

#endif
