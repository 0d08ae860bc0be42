#include "http/auth.h"

#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/worker.h"
#include "config/web.h"
#include "http/check.h"
#include "http/password.h"

/* What a thread is given: no pointer to anything of the loop's. */
struct job {
	unsigned char digest[DIGEST_BYTES];
	struct credentials *credentials;
	char hash[WEB_HASH_BYTES + 1];
	uint64_t generation;
	bool known; /* the name */
	bool right;
};

struct auth {
	struct web_user *users;
	size_t users_len;
	uint64_t generation; /* of the users */
	struct digest_key key;
	struct workers *workers;
	struct queue waiting;
	struct checks running;
	struct checks known; /* the one asked last first */
	size_t known_len;
	struct checks former; /* right before the users changed */
	size_t former_len;
};

static const struct web_user *
find_user(const struct auth *a, const char *name)
{
	for (size_t i = 0; i < a->users_len; i++) {
		if (strcmp(a->users[i].name, name) == 0)
			return &a->users[i];
	}
	return NULL;
}

static void
check_forget(struct checks *list, size_t *len, struct check *c)
{
	TAILQ_REMOVE(list, c, entry);
	(*len)--;
	check_free(c);
}

static void
forget_all(struct auth *a)
{
	while (!TAILQ_EMPTY(&a->known))
		check_forget(&a->known, &a->known_len, TAILQ_FIRST(&a->known));
	while (!TAILQ_EMPTY(&a->former))
		check_forget(
		    &a->former, &a->former_len, TAILQ_FIRST(&a->former));
}

static bool
is_still_right(const struct auth *a, const struct check *c)
{
	const struct web_user *user = c->right ? find_user(a, c->name) : NULL;

	return user != NULL && strcmp(user->hash, c->hash) == 0;
}

/* It may well be right again, and then it goes first. */
static void
make_former(struct auth *a, struct check *c)
{
	TAILQ_REMOVE(&a->known, c, entry);
	a->known_len--;
	TAILQ_INSERT_HEAD(&a->former, c, entry);
	if (++a->former_len > AUTH_VERDICTS_MAX)
		check_forget(
		    &a->former, &a->former_len, TAILQ_LAST(&a->former, checks));
}

/* What the users' change leaves of the verdicts. */
static void
revise(struct auth *a)
{
	struct check *c, *next;

	for (c = TAILQ_FIRST(&a->known); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (!c->right)
			check_forget(&a->known, &a->known_len, c);
		else if (!is_still_right(a, c))
			make_former(a, c);
	}
}

/* No number of wrong passwords makes a right one be checked again. */
static struct check *
least_of_use(struct auth *a)
{
	struct check *c;

	TAILQ_FOREACH_REVERSE(c, &a->known, checks, entry)
	{
		if (!c->right)
			return c;
	}
	return TAILQ_LAST(&a->known, checks);
}

static void
remember(struct auth *a, struct check *c)
{
	TAILQ_INSERT_HEAD(&a->known, c, entry);
	if (++a->known_len <= AUTH_VERDICTS_MAX)
		return;
	check_forget(&a->known, &a->known_len, least_of_use(a));
}

/*
 * A name that is not known takes as long as one of the users, always the same
 * one, and is never right.
 */
static struct job *
job_new(const struct auth *a, const struct check *c)
{
	struct job *job = xcalloc(1, sizeof(*job));
	const struct web_user *user = find_user(a, c->credentials->name);

	memcpy(job->digest, c->digest, DIGEST_BYTES);
	job->credentials = c->credentials;
	job->generation = a->generation;
	job->known = user != NULL;
	if (user == NULL)
		user = &a->users[credentials_pick(
		    c->credentials, &a->key, a->users_len)];
	memcpy(job->hash, user->hash, sizeof(job->hash));
	return job;
}

static void
run_job(void *arg)
{
	struct job *job = arg;
	const struct credentials *c = job->credentials;

	job->right =
	    password_matches(c->name + c->password, job->hash) && job->known;
}

static void
end_waiting(struct auth *a, enum auth_verdict verdict)
{
	struct check *c;

	while ((c = queue_next(&a->waiting)) != NULL) {
		queue_remove(&a->waiting, c);
		check_end(c, verdict);
	}
}

/* As many as there are threads. Without any there is nothing to wait for. */
static void
start_jobs(struct auth *a)
{
	struct check *c;

	/* without users meanwhile, every check is right */
	if (!auth_is_needed(a))
		end_waiting(a, AUTH_RIGHT);
	while ((c = queue_next(&a->waiting)) != NULL) {
		struct job *job = job_new(a, c);

		if (!workers_run(a->workers, job)) {
			free(job);
			if (TAILQ_EMPTY(&a->running))
				end_waiting(a, AUTH_BUSY);
			break;
		}
		/* the job's from here on */
		c->credentials = NULL;
		queue_remove(&a->waiting, c);
		TAILQ_INSERT_TAIL(&a->running, c, entry);
	}
}

static void
start_waiting(struct auth *a, struct check *c)
{
	c->was_right = checks_find(&a->former, c->digest) != NULL;
	c = queue_add(&a->waiting, c);
	if (c != NULL)
		check_end(c, AUTH_BUSY);
}

/* The users have changed under it. */
static void
check_again(struct auth *a, struct check *c, struct job *job)
{
	c->credentials = job->credentials;
	job->credentials = NULL;
	start_waiting(a, c);
}

/* The verdict is kept; the caller tells those that asked. */
static struct askers
take_verdict(struct auth *a, struct check *c, const struct job *job)
{
	struct askers askers = c->askers;

	SLIST_INIT(&c->askers);
	c->right = job->right;
	if (c->right) {
		c->name = xstrdup(job->credentials->name);
		c->hash = xstrdup(job->hash);
	}
	remember(a, c);
	return askers;
}

static void
job_done(void *job_arg, void *arg)
{
	struct job *job = job_arg;
	struct auth *a = arg;
	struct check *c = checks_find(&a->running, job->digest);
	struct askers askers = { 0 };
	bool right = job->right;

	if (c != NULL)
		TAILQ_REMOVE(&a->running, c, entry);
	if (c != NULL && job->generation != a->generation)
		check_again(a, c, job);
	else if (c != NULL)
		askers = take_verdict(a, c, job);
	credentials_free(job->credentials);
	free(job);
	start_jobs(a);
	askers_tell(&askers, right ? AUTH_RIGHT : AUTH_WRONG);
}

struct auth *
auth_new(struct event_base *base)
{
	struct auth *a = xcalloc(1, sizeof(*a));

	digest_key_init(&a->key);
	a->workers = workers_new(base, run_job, job_done, a);
	queue_init(&a->waiting);
	TAILQ_INIT(&a->running);
	TAILQ_INIT(&a->known);
	TAILQ_INIT(&a->former);
	return a;
}

static void
users_free(struct auth *a)
{
	for (size_t i = 0; i < a->users_len; i++) {
		free(a->users[i].name);
		free(a->users[i].hash);
	}
	free(a->users);
}

void
auth_free(struct auth *a)
{
	struct check *c;

	if (a == NULL)
		return;
	/* what the threads may still bring is for none any more */
	end_waiting(a, AUTH_BUSY);
	while ((c = TAILQ_FIRST(&a->running)) != NULL) {
		TAILQ_REMOVE(&a->running, c, entry);
		check_end(c, AUTH_BUSY);
	}
	workers_free(a->workers);
	forget_all(a);
	users_free(a);
	explicit_bzero(&a->key, sizeof(a->key));
	free(a);
}

static bool
same_users(const struct auth *a, const struct web_user *users, size_t n)
{
	bool same = n == a->users_len;

	for (size_t i = 0; i < n && same; i++)
		same = strcmp(users[i].name, a->users[i].name) == 0 &&
		       strcmp(users[i].hash, a->users[i].hash) == 0;
	return same;
}

void
auth_use(struct auth *a, const struct web_user *users, size_t n)
{
	if (same_users(a, users, n))
		return;
	users_free(a);
	a->users = xcalloc(n + 1, sizeof(*a->users));
	a->users_len = n;
	for (size_t i = 0; i < n; i++)
		a->users[i] = (struct web_user){ xstrdup(users[i].name),
			xstrdup(users[i].hash) };
	a->generation++;
	revise(a);
	start_jobs(a);
}

bool
auth_is_needed(const struct auth *a)
{
	return a->users_len > 0;
}

/* A verdict that is known; NULL when there is none. */
static const struct check *
recall(struct auth *a, const unsigned char *digest)
{
	struct check *c = checks_find(&a->known, digest);

	if (c == NULL)
		return NULL;
	TAILQ_REMOVE(&a->known, c, entry);
	TAILQ_INSERT_HEAD(&a->known, c, entry);
	return c;
}

void
auth_check(struct auth *a, const char *authorization, auth_from_fn *from,
    auth_fn *done, void *arg)
{
	struct credentials credentials;
	unsigned char digest[DIGEST_BYTES];
	const struct check *known;
	struct check *c;

	if (!credentials_parse(&credentials, authorization)) {
		done(AUTH_WRONG, arg);
		return;
	}
	credentials_digest(&credentials, &a->key, digest);
	known = recall(a, digest);
	if (known != NULL) {
		explicit_bzero(&credentials, sizeof(credentials));
		done(known->right ? AUTH_RIGHT : AUTH_WRONG, arg);
		return;
	}
	c = queue_find(&a->waiting, digest);
	if (c == NULL)
		c = checks_find(&a->running, digest);
	if (c != NULL) {
		check_add_asker(c, done, arg);
	} else {
		c = check_new(&credentials, digest);
		c->from = from(arg);
		check_add_asker(c, done, arg);
		start_waiting(a, c);
	}
	explicit_bzero(&credentials, sizeof(credentials));
	start_jobs(a);
}
