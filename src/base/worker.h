/*
 * A few threads for what takes long without the loop. A job is handed over
 * whole, runs on a thread and comes back to the loop; between the two nothing
 * else touches it. There is no queue here: what has more jobs than threads
 * knows best which comes first.
 */
#ifndef BASE_WORKER_H
#define BASE_WORKER_H

#include <stdbool.h>

/* Jobs at a time. Each has a thread, which starts when it is first needed. */
#define WORKERS_MAX 2

struct event_base;
struct workers;

/* run: on a thread. done: in the loop; the job is its to free. */
typedef void work_fn(void *job);
typedef void worked_fn(void *job, void *arg);

struct workers *workers_new(
    struct event_base *base, work_fn *run, worked_fn *done, void *arg);

/*
 * Waits for what runs, for a second at most, and calls `done` for it. A
 * thread that is stuck for longer is left to the end of the process.
 */
void workers_free(struct workers *ws);

/*
 * False when all are busy, or when there are none and the system gives no
 * thread: the job stays the caller's.
 */
bool workers_run(struct workers *ws, void *job);

#endif
