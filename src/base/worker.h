/*
 * A small pool of threads for calls that block. A job is handed over whole
 * and comes back to the event loop; between the two nobody else touches it.
 * Who handed it over keeps a ticket, not a pointer: when he has gone, the late
 * result is dropped.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Threads at most; each starts when there is work and none is idle. */
#define WORKERS_MAX 16

/* Jobs that may wait for a thread. Past it a job is refused. */
#define WORKERS_QUEUE_MAX 256

struct event_base;
struct workers;

struct work {
	void (*run)(void *job);             /* on a thread */
	void (*done)(void *job, void *arg); /* in the loop */
	void (*drop)(void *job); /* frees it: nobody waits any more */
};

struct workers *workers_new(struct event_base *base);

/*
 * Drops what waits, and waits for what runs, a second at most: a thread that
 * is stuck for longer is left to the end of the process. Returns false then:
 * what its job uses must not be freed.
 */
bool workers_free(struct workers *ws);

/* The job's ticket, or 0 when there is no room: the job stays the caller's. */
uint64_t workers_hand_over(
    struct workers *ws, const struct work *work, void *job, void *arg);

/* `done` will not be called, but `drop`, now or when it has run. */
void workers_forget(struct workers *ws, uint64_t ticket);

#endif
