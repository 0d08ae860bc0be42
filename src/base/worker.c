#include "base/worker.h"

#include <sys/eventfd.h>
#include <sys/resource.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/mem.h"
#include "base/span.h"

/* The loop, which answers all requests, goes first. */
#define NICE 10

#define PATIENCE_SECONDS 1

enum state {
	STATE_IDLE,
	STATE_WORKING,
	STATE_FINISHED, /* the loop has still to take the job */
};

struct worker {
	struct workers *all;
	pthread_t thread;
	bool has_started; /* for the loop alone, without the lock */
	enum state state;
	void *job;
};

struct workers {
	work_fn *run;
	worked_fn *done;
	void *arg;
	int fd; /* told when a job has finished */
	struct event *event;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wanted;
	bool stopping;
	struct worker list[WORKERS_MAX];
};

static void
tell_loop(const struct workers *ws)
{
	uint64_t one = 1;

	(void)!write(ws->fd, &one, sizeof(one));
}

static void *
run_thread(void *arg)
{
	struct worker *w = arg;
	struct workers *ws = w->all;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	(void)pthread_mutex_lock(&ws->lock);
	for (;;) {
		while (w->state != STATE_WORKING && !ws->stopping)
			(void)pthread_cond_wait(&ws->wanted, &ws->lock);
		if (w->state != STATE_WORKING)
			break;
		(void)pthread_mutex_unlock(&ws->lock);
		ws->run(w->job);
		(void)pthread_mutex_lock(&ws->lock);
		w->state = STATE_FINISHED;
		tell_loop(ws);
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return NULL;
}

static void *
take_finished(struct workers *ws)
{
	void *job = NULL;

	(void)pthread_mutex_lock(&ws->lock);
	for (size_t i = 0; i < nitems(ws->list) && job == NULL; i++) {
		if (ws->list[i].state != STATE_FINISHED)
			continue;
		job = ws->list[i].job;
		ws->list[i].state = STATE_IDLE;
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return job;
}

static void
on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct workers *ws = arg;
	uint64_t n;
	void *job;

	(void)what;
	(void)!read(fd, &n, sizeof(n));
	while ((job = take_finished(ws)) != NULL)
		ws->done(job, ws->arg);
}

struct workers *
workers_new(struct event_base *base, work_fn *run, worked_fn *done, void *arg)
{
	struct workers *ws = xcalloc(1, sizeof(*ws));

	ws->run = run;
	ws->done = done;
	ws->arg = arg;
	(void)pthread_mutex_init(&ws->lock, NULL);
	(void)pthread_cond_init(&ws->wanted, NULL);
	for (size_t i = 0; i < nitems(ws->list); i++)
		ws->list[i].all = ws;
	ws->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ws->event = xnonnull(
	    event_new(base, ws->fd, EV_READ | EV_PERSIST, on_finished, ws));
	(void)event_add(ws->event, NULL);
	return ws;
}

/* Whether all have ended in time. */
static bool
join_all(struct workers *ws)
{
	struct timespec until;
	bool all = true;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_SECONDS;
	for (size_t i = 0; i < nitems(ws->list); i++) {
		struct worker *w = &ws->list[i];

		if (w->has_started &&
		    pthread_timedjoin_np(w->thread, NULL, &until) != 0)
			all = false;
	}
	return all;
}

void
workers_free(struct workers *ws)
{
	void *job;

	if (ws == NULL)
		return;
	(void)pthread_mutex_lock(&ws->lock);
	ws->stopping = true;
	(void)pthread_cond_broadcast(&ws->wanted);
	(void)pthread_mutex_unlock(&ws->lock);
	event_free(ws->event);
	if (!join_all(ws))
		return;
	while ((job = take_finished(ws)) != NULL)
		ws->done(job, ws->arg);
	(void)close(ws->fd);
	(void)pthread_cond_destroy(&ws->wanted);
	(void)pthread_mutex_destroy(&ws->lock);
	free(ws);
}

/* Signals are the loop's. False when there is no thread to be had. */
static bool
start_thread(struct worker *w)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	w->has_started = pthread_create(&w->thread, NULL, run_thread, w) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w->has_started;
}

bool
workers_run(struct workers *ws, void *job)
{
	struct worker *w = NULL;

	(void)pthread_mutex_lock(&ws->lock);
	/* one with a thread comes before one that is still to start */
	for (size_t i = 0; i < nitems(ws->list); i++) {
		if (ws->list[i].state != STATE_IDLE)
			continue;
		if (w == NULL || ws->list[i].has_started)
			w = &ws->list[i];
		if (w->has_started)
			break;
	}
	if (w != NULL && !w->has_started && !start_thread(w))
		w = NULL;
	if (w != NULL) {
		w->job = job;
		w->state = STATE_WORKING;
		(void)pthread_cond_broadcast(&ws->wanted);
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return w != NULL;
}
