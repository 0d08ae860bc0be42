#include "http/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
credentials_free(struct credentials *c)
{
	if (c == NULL)
		return;
	explicit_bzero(c, sizeof(*c));
	free(c);
}

struct check *
check_new(const struct credentials *credentials, const unsigned char *digest)
{
	struct check *c = xcalloc(1, sizeof(*c));

	c->credentials = xcalloc(1, sizeof(*c->credentials));
	*c->credentials = *credentials;
	memcpy(c->digest, digest, DIGEST_BYTES);
	SLIST_INIT(&c->askers);
	return c;
}

void
check_free(struct check *c)
{
	credentials_free(c->credentials);
	free(c->name);
	free(c->hash);
	free(c);
}

void
check_add_asker(struct check *c, auth_fn *done, void *arg)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	asker->done = done;
	asker->arg = arg;
	SLIST_INSERT_HEAD(&c->askers, asker, entry);
}

void
askers_tell(struct askers *askers, enum auth_verdict verdict)
{
	struct asker *a;

	while ((a = SLIST_FIRST(askers)) != NULL) {
		SLIST_REMOVE_HEAD(askers, entry);
		a->done(verdict, a->arg);
		free(a);
	}
}

void
check_end(struct check *c, enum auth_verdict verdict)
{
	struct askers askers = c->askers;

	check_free(c);
	askers_tell(&askers, verdict);
}

struct check *
checks_find(struct checks *list, const unsigned char *digest)
{
	struct check *c;

	TAILQ_FOREACH (c, list, entry) {
		if (memcmp(c->digest, digest, DIGEST_BYTES) == 0)
			break;
	}
	return c;
}

void
queue_init(struct queue *q)
{
	*q = (struct queue){ 0 };
	TAILQ_INIT(&q->turns);
	TAILQ_INIT(&q->first);
}

/* The address's turn, which may be a new one, at the end. */
static struct turn *
turn_of(struct queue *q, uint64_t from)
{
	struct turn *t;

	TAILQ_FOREACH (t, &q->turns, entry) {
		if (t->from == from)
			return t;
	}
	t = xcalloc(1, sizeof(*t));
	t->from = from;
	TAILQ_INIT(&t->checks);
	TAILQ_INSERT_TAIL(&q->turns, t, entry);
	return t;
}

/* The address's next turn comes after those of the others. */
void
queue_remove(struct queue *q, struct check *c)
{
	struct turn *t;

	q->len--;
	if (c->was_right) {
		TAILQ_REMOVE(&q->first, c, entry);
		return;
	}
	t = turn_of(q, c->from);
	TAILQ_REMOVE(&t->checks, c, entry);
	TAILQ_REMOVE(&q->turns, t, entry);
	if (--t->len > 0)
		TAILQ_INSERT_TAIL(&q->turns, t, entry);
	else
		free(t);
}

/* The newest of the address that has the most. */
static struct check *
surplus(struct queue *q)
{
	struct turn *most = TAILQ_FIRST(&q->turns), *t;

	TAILQ_FOREACH (t, &q->turns, entry) {
		if (t->len >= most->len)
			most = t;
	}
	return TAILQ_LAST(most != NULL ? &most->checks : &q->first, checks);
}

struct check *
queue_add(struct queue *q, struct check *c)
{
	if (c->was_right) {
		TAILQ_INSERT_TAIL(&q->first, c, entry);
	} else {
		struct turn *t = turn_of(q, c->from);

		TAILQ_INSERT_TAIL(&t->checks, c, entry);
		t->len++;
	}
	if (++q->len <= AUTH_WAITING_MAX)
		return NULL;
	c = surplus(q);
	queue_remove(q, c);
	return c;
}

struct check *
queue_next(const struct queue *q)
{
	const struct turn *t = TAILQ_FIRST(&q->turns);
	struct check *c = TAILQ_FIRST(&q->first);

	return c == NULL && t != NULL ? TAILQ_FIRST(&t->checks) : c;
}

struct check *
queue_find(struct queue *q, const unsigned char *digest)
{
	struct check *c = checks_find(&q->first, digest);
	struct turn *t;

	TAILQ_FOREACH (t, &q->turns, entry) {
		if (c == NULL)
			c = checks_find(&t->checks, digest);
	}
	return c;
}
