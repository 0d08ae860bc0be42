#include "memcached/sasl.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/worker.h"
#include "config/secret.h"
#include "memcached/access.h"
#include "memcached/resolve.h"
#include "stats/reply.h"

/* What libmemcached's verdicts mean to an operator. */
static const struct {
	memcached_return_t verdict;
	enum reason reason;
} reasons[] = {
	{ MEMCACHED_AUTH_PROBLEM, REASON_AUTH },
	{ MEMCACHED_AUTH_FAILURE, REASON_AUTH },
	{ MEMCACHED_AUTH_CONTINUE, REASON_AUTH },
	{ MEMCACHED_HOST_LOOKUP_FAILURE, REASON_DNS },
	{ MEMCACHED_CONNECTION_FAILURE, REASON_REFUSED },
	{ MEMCACHED_TIMEOUT, REASON_TIMEOUT },
	{ MEMCACHED_CONNECTION_SOCKET_CREATE_FAILURE, REASON_BUSY },
	{ MEMCACHED_UNKNOWN_READ_FAILURE, REASON_CLOSED },
	{ MEMCACHED_READ_FAILURE, REASON_CLOSED },
	{ MEMCACHED_PARTIAL_READ, REASON_CLOSED },
	{ MEMCACHED_WRITE_FAILURE, REASON_CLOSED },
	{ MEMCACHED_SERVER_TEMPORARILY_DISABLED, REASON_CLOSED },
};

/* "settings" for libmemcached, which says "stats" itself. */
static const char *const arguments[SECTIONS] = {
	[SECTION_STATS] = NULL,
	[SECTION_SETTINGS] = "settings",
	[SECTION_SLABS] = "slabs",
	[SECTION_ITEMS] = "items",
	[SECTION_SCRUB] = "scrub",
};

/* What a thread needs, complete: its owner may be gone before it ends. */
struct job {
	const struct keys *keys;
	memcached_st *client; /* NULL: not connected */
	char *username;
	char *password;
	struct endpoints endpoints;
	unsigned sections;
	uint64_t deadline;
	struct reply *reply;
	enum section section; /* being answered */
	size_t stats;         /* that have come for it */
	bool failed;
	struct error why;
};

struct sasl {
	struct workers *workers;
	struct job *job; /* NULL while a thread has it */
	uint64_t ticket;
	sasl_fn *done;
	void *arg;
};

static void
disconnect(struct job *j)
{
	if (j->client != NULL)
		memcached_free(j->client);
	j->client = NULL;
}

static void
job_free(void *arg)
{
	struct job *j = arg;

	if (j == NULL)
		return;
	disconnect(j);
	reply_free(j->reply);
	free(j->username);
	secret_free(j->password);
	free(j);
}

static memcached_return_t
take_stat(const memcached_instance_st *server, const char *key, size_t key_len,
    const char *value, size_t value_len, void *arg)
{
	struct job *j = arg;

	(void)server;
	j->stats++;
	if (!j->failed &&
	    reply_add(j->reply, j->section, (struct span){ key, key_len },
		(struct span){ value, value_len }, &j->why) < 0)
		j->failed = true;
	return j->failed ? MEMCACHED_FAILURE : MEMCACHED_SUCCESS;
}

static void
fail(struct job *j, memcached_return_t verdict)
{

	int err = memcached_last_error_errno(j->client);
	enum reason reason = REASON_PROTOCOL;

	for (size_t i = 0; i < nitems(reasons); i++) {
		if (reasons[i].verdict == verdict)
			reason = reasons[i].reason;
	}
	if (verdict == MEMCACHED_ERRNO || reason == REASON_REFUSED)
		reason = err != 0 ? reason_of_errno(err) : REASON_CLOSED;
	j->failed = true;
	(void)error_because(&j->why, reason, "%s: libmemcached: %s%s%s",
	    section_name(j->section), memcached_strerror(j->client, verdict),
	    err != 0 ? ": " : "", err != 0 ? strerror(err) : "");
}

/* libmemcached takes the refusal of who has not authenticated for an end. */
static void
fail_empty(struct job *j)
{
	j->failed = true;
	(void)error_because(&j->why, REASON_AUTH,
	    "stats: not one value came; a server that wants SASL says so");
}

/* Milliseconds until the deadline; at least one, since 0 means for ever. */
static uint64_t
time_left(const struct job *j)
{
	uint64_t now = clock_us();

	return j->deadline > now + 1000 ? (j->deadline - now) / 1000 : 1;
}

static void
set_times(struct job *j)
{
	static const memcached_behavior_t times[] = {
		MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT,
		MEMCACHED_BEHAVIOR_POLL_TIMEOUT,
	};

	for (size_t i = 0; i < nitems(times); i++)
		(void)memcached_behavior_set(j->client, times[i], time_left(j));
}

/* Nothing is sent yet: libmemcached connects with the first command. */
static void
make_client(struct job *j, const struct endpoint *ep)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;
	struct error e;

	endpoint_text(ep, text);
	j->client = xnonnull(memcached_create(NULL));
	(void)memcached_behavior_set(
	    j->client, MEMCACHED_BEHAVIOR_BINARY_PROTOCOL, 1);
	(void)memcached_behavior_set(
	    j->client, MEMCACHED_BEHAVIOR_TCP_NODELAY, 1);
	if (address_parse(&a, text, MEMCACHED_PORT, &e) == 0 && a.is_path)
		(void)memcached_server_add_unix_socket(j->client, a.host);
	else
		(void)memcached_server_add(j->client, a.host, a.port);
	if (j->username != NULL)
		(void)memcached_set_sasl_auth_data(
		    j->client, j->username, j->password);
}

/* A sub-command that the server does not know costs only itself. */
static bool
is_harmless(const struct job *j, memcached_return_t verdict)
{
	return j->section != SECTION_STATS &&
	       (verdict == MEMCACHED_NOTFOUND ||
		   verdict == MEMCACHED_INVALID_ARGUMENTS ||
		   verdict == MEMCACHED_PROTOCOL_ERROR ||
		   verdict == MEMCACHED_NOT_SUPPORTED);
}

static void
ask_all(struct job *j)
{
	for (unsigned s = 0; s < SECTIONS && !j->failed; s++) {
		memcached_return_t verdict;

		if ((j->sections & 1U << s) == 0)
			continue;
		j->section = (enum section)s;
		j->stats = 0;
		set_times(j);
		verdict = memcached_stat_execute(
		    j->client, arguments[s], take_stat, j);
		if (j->failed)
			return;
		if (verdict == MEMCACHED_SUCCESS && j->stats == 0 &&
		    s == SECTION_STATS)
			fail_empty(j);
		else if (verdict == MEMCACHED_SUCCESS)
			reply_ended(j->reply, j->section);
		else if (!is_harmless(j, verdict))
			fail(j, verdict);
	}
}

static void
start_reply(struct job *j)
{
	reply_free(j->reply);
	j->reply = reply_new(j->keys);
	j->failed = false;
	for (unsigned s = 0; s < SECTIONS; s++) {
		if (j->sections & 1U << s)
			reply_asked(j->reply, (enum section)s);
	}
}

static bool
is_answered(const struct job *j)
{
	return reply_has_ended(j->reply, SECTION_STATS);
}

/*
 * On the thread. A connection of an earlier ask may have been closed
 * meanwhile, which says nothing of the server: it gets a second chance.
 */
static void
run(void *arg)
{
	struct job *j = arg;

	start_reply(j);
	if (j->client != NULL)
		ask_all(j);
	for (size_t i = 0; i < j->endpoints.len && !is_answered(j); i++) {
		bool late = clock_us() >= j->deadline;

		if (late)
			break;
		disconnect(j);
		start_reply(j);
		make_client(j, &j->endpoints.list[i]);
		ask_all(j);
		if (j->why.reason == REASON_AUTH && j->failed)
			break;
	}
	if (j->failed)
		disconnect(j);
}

static void
on_done(void *job, void *arg)
{
	struct sasl *s = arg;

	s->job = job;
	s->done(s->job->failed ? &s->job->why : NULL, s->arg);
}

static const struct work work = { run, on_done, job_free };

struct sasl *
sasl_new(struct workers *workers, const struct keys *keys,
    const struct access *access, sasl_fn *done, void *arg)
{
	struct sasl *s = xcalloc(1, sizeof(*s));

	s->workers = workers;
	s->done = done;
	s->arg = arg;
	s->job = xcalloc(1, sizeof(*s->job));
	s->job->keys = keys;
	if (access->username != NULL) {
		s->job->username = xstrdup(access->username);
		s->job->password = xstrdup(access->password);
	}
	return s;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	if (s->job == NULL)
		workers_forget(s->workers, s->ticket);
	job_free(s->job);
	free(s);
}

int
sasl_ask(struct sasl *s, const struct endpoints *endpoints, unsigned sections,
    uint64_t deadline_us, struct error *e)
{
	s->job->endpoints = *endpoints;
	s->job->sections = sections;
	s->job->deadline = deadline_us;
	s->ticket = workers_hand_over(s->workers, &work, s->job, s);
	if (s->ticket == 0)
		return error_because(e, REASON_BUSY,
		    "%d servers with the binary protocol wait for a thread",
		    WORKERS_QUEUE_MAX);
	s->job = NULL;
	return 0;
}

struct reply *
sasl_reply(const struct sasl *s)
{
	return s->job != NULL ? s->job->reply : NULL;
}

void
sasl_rest(struct sasl *s)
{
	if (s->job == NULL)
		return;
	reply_free(s->job->reply);
	s->job->reply = NULL;
}
