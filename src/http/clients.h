/*
 * The connected HTTP clients: who they are, how many, and how long each may
 * take. evhttp times out only between two bytes and tells nobody when it
 * frees a connection; so each connection is held by a reference of our own
 * and looked at once a second: one that evhttp has let go is closed, one that
 * is past its time is shut down.
 */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

/* From the first byte of a request (or the connect) to its header's end. */
#define CLIENT_HEADER_SECONDS 10

/* From an answer to the next request's first byte. */
#define CLIENT_IDLE_SECONDS 600

/* For reading an answer. */
#define CLIENT_ANSWER_SECONDS 30

/* Connected past the maximum while they leave, or are told that they have to. */
#define CLIENTS_SURPLUS_MAX 32

struct bufferevent;
struct client;
struct clients;
struct evbuffer;
struct event_base;

/*
 * max: connections at a time; past it the one that was quiet for longest has
 * to go, or else the newcomer. looked is called after each look, which may have
 * made room. foreign is called when evhttp adds to an answer of its own to a
 * client, before a byte of it goes out.
 */
struct clients *clients_new(struct event_base *base, size_t max,
    void (*looked)(void *arg), void (*foreign)(struct client *c, void *arg),
    void *arg);

/* To be called when evhttp has let go of all connections. */
void clients_free(struct clients *cs);

/*
 * A new client's socket-to-be: it is held here, and the caller's as before.
 * False when all the others are busy: it leaves in a moment, which is time
 * enough to be told so if it has asked for something by then.
 */
bool clients_add(struct clients *cs, struct bufferevent *bev);

/* Nobody more is to be accepted before the next look. */
bool clients_are_full(const struct clients *cs);

/* The client of a socket. */
struct client *clients_find(
    const struct clients *cs, const struct bufferevent *bev);

/* A request has come; its answer is being written; it has been written. */
void client_begin(struct client *c);
void client_answer(struct client *c);
void client_end(struct client *c);

/* Its socket reads as ended, so that evhttp frees the connection. */
void client_hang_up(struct client *c);

/* It was hung up, or is about to be: not worth any work. */
bool client_is_leaving(const struct client *c);

/* What waits to be written, and the bytes that came since it last ended. */
struct evbuffer *client_output(const struct client *c);
size_t client_received(const struct client *c);

size_t clients_count(const struct clients *cs);

/* Those whose request is not answered to the end. */
size_t clients_busy(const struct clients *cs);

/*
 * No more room: closes those that evhttp has let go, sends away the n that
 * were quiet for longest, and looks soon.
 */
void clients_make_room(struct clients *cs, size_t n);

#endif
