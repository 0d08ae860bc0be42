/*
 * The connected HTTP clients: what each is doing, for how long it may, and who
 * goes first when there is no more room. Each state is a list in the order of
 * its deadlines, so one timer serves all of them.
 */
#ifndef HTTP_CLIENTS_H
#define HTTP_CLIENTS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From the first byte of a request (or the connect) to its header's end. */
#define CLIENT_HEADER_SECONDS 10

/* From an answer to the next request's first byte. */
#define CLIENT_IDLE_SECONDS 600

/* For reading an answer. */
#define CLIENT_ANSWER_SECONDS 30

/* Connected past the maximum, to be told so if they ask for something soon. */
#define CLIENTS_SURPLUS_MAX 32

enum client_state {
	CLIENT_SURPLUS,   /* past the maximum; it has not asked yet */
	CLIENT_READING,   /* a request's header */
	CLIENT_WORKING,   /* on its answer; a scrape has a deadline itself */
	CLIENT_ANSWERING, /* the client reads it */
	CLIENT_IDLE,
	CLIENT_LINGERING, /* answered for the last time; it may still send */
	CLIENT_STATES
};

struct clients;
struct event_base;

/* A part of each client. */
struct seat {
	TAILQ_ENTRY(seat) entry;
	enum client_state state;
	uint64_t since; /* clock_us: when it began */
};

/*
 * max: connections at a time. close has to end the client of a seat, which
 * leaves; left is called after each that has left.
 */
struct clients *clients_new(struct event_base *base, size_t max,
    void (*close)(struct seat *seat), void (*left)(void *arg), void *arg);

/* Closes all of them. */
void clients_free(struct clients *cs);

/*
 * A new one, in CLIENT_READING. At the maximum, the one that was quiet for
 * longest is closed for it; if all are busy, it is in CLIENT_SURPLUS.
 */
void clients_join(struct clients *cs, struct seat *seat);
void clients_move(struct clients *cs, struct seat *seat, enum client_state to);
void clients_leave(struct clients *cs, struct seat *seat);

/*
 * Closes up to n that are not busy, those quiet for longest; returns how many,
 * which may be fewer, but not 0 while there is one.
 */
size_t clients_evict(struct clients *cs, size_t n);

/* No more are to be accepted before one has left. */
bool clients_are_full(const struct clients *cs);

size_t clients_count(const struct clients *cs);

/* Those whose request is not answered to the end. */
size_t clients_busy(const struct clients *cs);

#endif
