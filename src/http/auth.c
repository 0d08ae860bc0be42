#include "http/auth.h"

#include <sys/queue.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/worker.h"
#include "config/web.h"
#include "http/password.h"

struct asker {
	SLIST_ENTRY(asker) entry;
	auth_fn *done;
	void *arg;
};

SLIST_HEAD(askers, asker);

/*
 * One pair of name and password: what all wait for who sent it, and then its
 * verdict.
 */
struct check {
	TAILQ_ENTRY(check) entry;
	unsigned char digest[DIGEST_BYTES];
	struct credentials *credentials; /* NULL when it is known */
	struct askers askers;
	bool right;
};

TAILQ_HEAD(checks, check);

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
	struct checks waiting; /* the newest first */
	size_t waiting_len;
	struct checks running;
	struct checks known; /* the one asked last first */
	size_t known_len;
};

static void
credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static void
check_free(struct check *c)
{
	credentials_free(c->credentials);
	free(c);
}

/* What an asker does may change all lists but this one. */
static void
tell(struct askers askers, enum auth_verdict verdict)
{
	struct asker *a;

	while ((a = SLIST_FIRST(&askers)) != NULL) {
		SLIST_REMOVE_HEAD(&askers, entry);
		a->done(verdict, a->arg);
		free(a);
	}
}

/* The end of a check that is in no list any more. */
static void
end_check(struct check *c, enum auth_verdict verdict)
{
	struct askers askers = c->askers;

	check_free(c);
	tell(askers, verdict);
}

static struct check *
find(struct checks *list, const unsigned char *digest)
{
	struct check *c;

	TAILQ_FOREACH (c, list, entry) {
		if (memcmp(c->digest, digest, DIGEST_BYTES) == 0)
			break;
	}
	return c;
}

static void
forget_all(struct auth *a)
{
	struct check *c;

	while ((c = TAILQ_FIRST(&a->known)) != NULL) {
		TAILQ_REMOVE(&a->known, c, entry);
		check_free(c);
	}
	a->known_len = 0;
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
	c = least_of_use(a);
	TAILQ_REMOVE(&a->known, c, entry);
	a->known_len--;
	check_free(c);
}

static const struct web_user *
find_user(const struct auth *a, const char *name)
{
	for (size_t i = 0; i < a->users_len; i++) {
		if (strcmp(a->users[i].name, name) == 0)
			return &a->users[i];
	}
	return NULL;
}

/*
 * Who is not known takes as long as one of the users, always the same one, and
 * is never right.
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
stop_waiting(struct auth *a, struct check *c)
{
	TAILQ_REMOVE(&a->waiting, c, entry);
	a->waiting_len--;
}

static void
end_waiting(struct auth *a, enum auth_verdict verdict)
{
	struct check *c;

	while ((c = TAILQ_FIRST(&a->waiting)) != NULL) {
		stop_waiting(a, c);
		end_check(c, verdict);
	}
}

/*
 * As many as there are threads; the newest go first. Without any thread there
 * is nothing to wait for.
 */
static void
start_jobs(struct auth *a)
{
	struct check *c;

	/* without users meanwhile, everybody is right */
	if (!auth_is_needed(a))
		end_waiting(a, AUTH_RIGHT);
	while ((c = TAILQ_FIRST(&a->waiting)) != NULL) {
		struct job *job = job_new(a, c);

		if (!workers_run(a->workers, job)) {
			free(job);
			if (TAILQ_EMPTY(&a->running))
				end_waiting(a, AUTH_BUSY);
			break;
		}
		/* the job's from here on */
		c->credentials = NULL;
		stop_waiting(a, c);
		TAILQ_INSERT_TAIL(&a->running, c, entry);
	}
}

/* As the newest; the oldest may have to go for it. */
static void
start_waiting(struct auth *a, struct check *c)
{
	struct check *oldest;

	TAILQ_INSERT_HEAD(&a->waiting, c, entry);
	if (++a->waiting_len <= AUTH_WAITING_MAX)
		return;
	oldest = TAILQ_LAST(&a->waiting, checks);
	stop_waiting(a, oldest);
	end_check(oldest, AUTH_BUSY);
}

/* The users have changed under it. */
static void
check_again(struct auth *a, struct check *c, struct job *job)
{
	c->credentials = job->credentials;
	job->credentials = NULL;
	start_waiting(a, c);
}

static void
job_done(void *job_arg, void *arg)
{
	struct job *job = job_arg;
	struct auth *a = arg;
	struct check *c = find(&a->running, job->digest);
	struct askers askers = { 0 };
	bool right = job->right;

	if (c != NULL)
		TAILQ_REMOVE(&a->running, c, entry);
	if (c != NULL && job->generation != a->generation) {
		check_again(a, c, job);
	} else if (c != NULL) {
		askers = c->askers;
		SLIST_INIT(&c->askers);
		c->right = right;
		remember(a, c);
	}
	credentials_free(job->credentials);
	free(job);
	start_jobs(a);
	tell(askers, right ? AUTH_RIGHT : AUTH_WRONG);
}

struct auth *
auth_new(struct event_base *base)
{
	struct auth *a = xcalloc(1, sizeof(*a));

	digest_key_init(&a->key);
	a->workers = workers_new(base, run_job, job_done, a);
	TAILQ_INIT(&a->waiting);
	TAILQ_INIT(&a->running);
	TAILQ_INIT(&a->known);
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
	/* nobody is left for what the threads may still bring */
	end_waiting(a, AUTH_BUSY);
	while ((c = TAILQ_FIRST(&a->running)) != NULL) {
		TAILQ_REMOVE(&a->running, c, entry);
		end_check(c, AUTH_BUSY);
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
	forget_all(a);
	start_jobs(a);
}

bool
auth_is_needed(const struct auth *a)
{
	return a->users_len > 0;
}

static struct check *
add_check(struct auth *a, const struct credentials *credentials,
    const unsigned char *digest)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->credentials = xcalloc(1, sizeof(*c->credentials));
	*c->credentials = *credentials;
	memcpy(c->digest, digest, DIGEST_BYTES);
	SLIST_INIT(&c->askers);
	start_waiting(a, c);
	return c;
}

static void
wait_for(struct check *c, auth_fn *done, void *arg)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->done = done;
	asker->arg = arg;
	SLIST_INSERT_HEAD(&c->askers, asker, entry);
}

/* A verdict that is known; NULL when there is none. */
static const struct check *
recall(struct auth *a, const unsigned char *digest)
{
	struct check *c = find(&a->known, digest);

	if (c == NULL)
		return NULL;
	TAILQ_REMOVE(&a->known, c, entry);
	TAILQ_INSERT_HEAD(&a->known, c, entry);
	return c;
}

void
auth_check(struct auth *a, const char *authorization, auth_fn *done, void *arg)
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
	c = find(&a->waiting, digest);
	if (c == NULL)
		c = find(&a->running, digest);
	if (c == NULL)
		c = add_check(a, &credentials, digest);
	explicit_bzero(&credentials, sizeof(credentials));
	wait_for(c, done, arg);
	start_jobs(a);
}
