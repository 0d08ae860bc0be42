#include "base/worker.h"

#include <semaphore.h>
#include <unistd.h>

#include <event2/event.h>

#include "support.h"

/* A test that hangs fails. */
#define SECONDS_MAX 20

struct job {
	sem_t *gate; /* NULL: runs through */
	unsigned us; /* of work behind the gate */
	pid_t ran_on;
};

struct test {
	struct event_base *base;
	struct workers *workers;
	size_t done;
	pid_t done_on;
	struct job *again; /* to run from within done */
};

static void
run(void *arg)
{
	struct job *job = arg;

	if (job->gate != NULL)
		(void)sem_wait(job->gate);
	(void)usleep(job->us);
	job->ran_on = gettid();
}

static void
done(void *job, void *arg)
{
	struct test *t = arg;

	(void)job;
	t->done++;
	t->done_on = gettid();
	if (t->again != NULL)
		check("from within done", workers_run(t->workers, t->again));
	t->again = NULL;
}

static struct test
begin(void)
{
	struct test t = { .base = event_base_new() };

	(void)alarm(SECONDS_MAX);
	return t;
}

static void
end(struct test *t)
{
	workers_free(t->workers);
	event_base_free(t->base);
	(void)alarm(0);
}

static void
wait_for(struct test *t, size_t n)
{
	while (t->done < n)
		(void)event_base_loop(t->base, EVLOOP_ONCE);
}

/* On a thread, and back in the loop; nothing comes back before it runs. */
TEST(runs)
{
	struct test t = begin();
	struct job first = { 0 }, second = { 0 };

	t.workers = workers_new(t.base, run, done, &t);
	t.again = &second;
	check("first", workers_run(t.workers, &first));
	check_number("first", t.done, 0);
	wait_for(&t, 2);
	check("first", first.ran_on != 0 && first.ran_on != gettid());
	check("second", second.ran_on != 0 && second.ran_on != gettid());
	check_number("done", t.done_on, gettid());
	end(&t);
	check_number("done once each", t.done, 2);
}

TEST(refuses_more)
{
	struct job jobs[WORKERS_MAX + 1];
	struct test t = begin();
	sem_t gate;

	(void)sem_init(&gate, 0, 0);
	for (EACH(j, jobs))
		jobs[j - jobs] = (struct job){ .gate = &gate };
	t.workers = workers_new(t.base, run, done, &t);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		check("there is a thread", workers_run(t.workers, &jobs[i]));
	check("all are busy", !workers_run(t.workers, &jobs[WORKERS_MAX]));
	(void)sem_post(&gate);
	wait_for(&t, 1);
	check("one is free again", workers_run(t.workers, &jobs[WORKERS_MAX]));
	check("all are busy again", !workers_run(t.workers, &jobs[0]));
	for (size_t i = 0; i < WORKERS_MAX; i++)
		(void)sem_post(&gate);
	wait_for(&t, WORKERS_MAX + 1);
	for (EACH(j, jobs))
		check("each has run", j->ran_on != 0);
	end(&t);
	(void)sem_destroy(&gate);
}

/* What is under way ends before, and without the loop. */
TEST(free_waits)
{
	struct job job = { .us = 50000 };
	struct test t = begin();

	t.workers = workers_new(t.base, run, done, &t);
	check("runs", workers_run(t.workers, &job));
	end(&t);
	check("has run", job.ran_on != 0);
	check_number("done", t.done, 1);
}

TEST(free_without_threads)
{
	struct test t = begin();

	t.workers = workers_new(t.base, run, done, &t);
	end(&t);
	check_number("done", t.done, 0);
	workers_free(NULL);
}

TESTS(
    "worker", T(runs), T(refuses_more), T(free_waits), T(free_without_threads))
