/*
 * Checks of passwords, and the queue in which they wait for a thread. Clients
 * take turns by their address, each in the order in which it came: a crowd of
 * wrong passwords from some addresses delays a right one from another by one
 * check for each of them. A pair that was right before the users changed goes
 * first, wherever it comes from.
 */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/auth.h"
#include "http/password.h"

struct asker {
	SLIST_ENTRY(asker) entry;
	auth_fn *done;
	void *arg;
};

SLIST_HEAD(askers, asker);

/*
 * One pair of name and password: what all that sent it wait for, and then its
 * verdict.
 */
struct check {
	TAILQ_ENTRY(check) entry;
	unsigned char digest[DIGEST_BYTES];
	struct credentials *credentials; /* NULL when it is known */
	struct askers askers;
	uint64_t from; /* the address that sent it first */
	bool was_right;
	bool right;
	char *name, *hash; /* of the user, when it is right */
};

TAILQ_HEAD(checks, check);

struct check *check_new(
    const struct credentials *credentials, const unsigned char *digest);
void check_free(struct check *c);

void check_add_asker(struct check *c, auth_fn *done, void *arg);

/* Frees a check that is in no list, then tells its askers. */
void check_end(struct check *c, enum auth_verdict verdict);

/* Empties the list. What they do may change all others. */
void askers_tell(struct askers *askers, enum auth_verdict verdict);

/* The check of the pair, or NULL. */
struct check *checks_find(struct checks *list, const unsigned char *digest);

/* Wipes and frees. */
void credentials_free(struct credentials *c);

/* Those of one address that wait. */
struct turn {
	TAILQ_ENTRY(turn) entry;
	uint64_t from;
	size_t len;
	struct checks checks; /* the oldest first */
};

struct queue {
	TAILQ_HEAD(, turn) turns; /* the next one first; none is empty */
	struct checks first;      /* those that were right */
	size_t len;
};

void queue_init(struct queue *q);

/*
 * Past AUTH_WAITING_MAX one has to go, which is returned: the newest of the
 * address that has the most.
 */
struct check *queue_add(struct queue *q, struct check *c);

/* The one that is next; NULL when none waits. It stays in the queue. */
struct check *queue_next(const struct queue *q);

void queue_remove(struct queue *q, struct check *c);

struct check *queue_find(struct queue *q, const unsigned char *digest);

#endif
