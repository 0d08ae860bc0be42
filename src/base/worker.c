#include "base/worker.h"

#include <sys/eventfd.h>
#include <sys/queue.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/mem.h"

/* How long a running job may take when the program ends. */
#define PATIENCE_SECONDS 1

struct task {
	TAILQ_ENTRY(task) entry;
	const struct work *work;
	void *job;
	void *arg;
	uint64_t ticket;
	bool forgotten;
};

TAILQ_HEAD(tasks, task);

struct workers {
	pthread_mutex_t lock; /* of all but the loop's own */
	pthread_cond_t wanted;
	struct tasks waiting;
	struct tasks running;
	struct tasks finished;
	size_t waiting_len;
	size_t idle;
	bool stopping;

	/* the loop's own */
	pthread_t threads[WORKERS_MAX];
	size_t threads_len;
	uint64_t tickets;
	int fd; /* told when a task has finished */
	struct event *event;
};

static void
task_drop(struct task *t)
{
	t->work->drop(t->job);
	free(t);
}

static void
tell_loop(const struct workers *ws)
{
	uint64_t one = 1;

	(void)!write(ws->fd, &one, sizeof(one));
}

static void *
run_thread(void *arg)
{
	struct workers *ws = arg;
	struct task *t;

	(void)pthread_mutex_lock(&ws->lock);
	while (!ws->stopping) {
		t = TAILQ_FIRST(&ws->waiting);
		if (t == NULL) {
			ws->idle++;
			(void)pthread_cond_wait(&ws->wanted, &ws->lock);
			ws->idle--;
			continue;
		}
		TAILQ_REMOVE(&ws->waiting, t, entry);
		ws->waiting_len--;
		TAILQ_INSERT_TAIL(&ws->running, t, entry);
		(void)pthread_mutex_unlock(&ws->lock);
		t->work->run(t->job);
		(void)pthread_mutex_lock(&ws->lock);
		TAILQ_REMOVE(&ws->running, t, entry);
		TAILQ_INSERT_TAIL(&ws->finished, t, entry);
		tell_loop(ws);
	}
	(void)pthread_mutex_unlock(&ws->lock);
	return NULL;
}

static struct task *
take_finished(struct workers *ws)
{
	struct task *t;

	(void)pthread_mutex_lock(&ws->lock);
	t = TAILQ_FIRST(&ws->finished);
	if (t != NULL)
		TAILQ_REMOVE(&ws->finished, t, entry);
	(void)pthread_mutex_unlock(&ws->lock);
	return t;
}

static void
on_finished(evutil_socket_t fd, short what, void *arg)
{
	struct workers *ws = arg;
	struct task *t;
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof(n));
	while ((t = take_finished(ws)) != NULL) {
		if (t->forgotten) {
			task_drop(t);
			continue;
		}
		t->work->done(t->job, t->arg);
		free(t);
	}
}

struct workers *
workers_new(struct event_base *base)
{
	struct workers *ws = xcalloc(1, sizeof(*ws));

	(void)pthread_mutex_init(&ws->lock, NULL);
	(void)pthread_cond_init(&ws->wanted, NULL);
	TAILQ_INIT(&ws->waiting);
	TAILQ_INIT(&ws->running);
	TAILQ_INIT(&ws->finished);
	ws->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ws->event = xnonnull(
	    event_new(base, ws->fd, EV_READ | EV_PERSIST, on_finished, ws));
	(void)event_add(ws->event, NULL);
	return ws;
}

static void
drop_all(struct tasks *list)
{
	struct task *t;

	while ((t = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, t, entry);
		task_drop(t);
	}
}

static bool
join_all(struct workers *ws)
{
	struct timespec until;
	bool all = true;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_SECONDS;
	for (size_t i = 0; i < ws->threads_len; i++) {
		if (pthread_timedjoin_np(ws->threads[i], NULL, &until) != 0)
			all = false;
	}
	return all;
}

bool
workers_free(struct workers *ws)
{
	if (ws == NULL)
		return true;
	(void)pthread_mutex_lock(&ws->lock);
	ws->stopping = true;
	drop_all(&ws->waiting);
	(void)pthread_cond_broadcast(&ws->wanted);
	(void)pthread_mutex_unlock(&ws->lock);
	if (!join_all(ws))
		return false;
	drop_all(&ws->finished);
	event_free(ws->event);
	(void)close(ws->fd);
	(void)pthread_cond_destroy(&ws->wanted);
	(void)pthread_mutex_destroy(&ws->lock);
	free(ws);
	return true;
}

/* Signals are the loop's; a thread that cannot be had is done without. */
static void
start_thread(struct workers *ws)
{
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(
		&ws->threads[ws->threads_len], NULL, run_thread, ws) == 0)
		ws->threads_len++;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

uint64_t
workers_hand_over(
    struct workers *ws, const struct work *work, void *job, void *arg)
{
	struct task *t = xcalloc(1, sizeof(*t));
	bool full, more;

	*t = (struct task){
		.work = work, .job = job, .arg = arg, .ticket = ws->tickets + 1
	};
	(void)pthread_mutex_lock(&ws->lock);
	full = ws->waiting_len >= WORKERS_QUEUE_MAX;
	more = ws->waiting_len >= ws->idle;
	if (!full) {
		TAILQ_INSERT_TAIL(&ws->waiting, t, entry);
		ws->waiting_len++;
		(void)pthread_cond_signal(&ws->wanted);
	}
	(void)pthread_mutex_unlock(&ws->lock);
	if (full) {
		free(t);
		return 0;
	}
	if (more && ws->threads_len < WORKERS_MAX)
		start_thread(ws);
	return ++ws->tickets;
}

static struct task *
find(struct tasks *list, uint64_t ticket)
{
	struct task *t;

	TAILQ_FOREACH (t, list, entry) {
		if (t->ticket == ticket)
			break;
	}
	return t;
}

void
workers_forget(struct workers *ws, uint64_t ticket)
{
	struct task *t;

	(void)pthread_mutex_lock(&ws->lock);
	t = find(&ws->waiting, ticket);
	if (t != NULL) {
		TAILQ_REMOVE(&ws->waiting, t, entry);
		ws->waiting_len--;
	} else {
		struct task *late = find(&ws->running, ticket);

		if (late == NULL)
			late = find(&ws->finished, ticket);
		if (late != NULL)
			late->forgotten = true;
	}
	(void)pthread_mutex_unlock(&ws->lock);
	if (t != NULL)
		task_drop(t);
}
