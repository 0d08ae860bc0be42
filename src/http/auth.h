/*
 * Which clients may ask: names and bcrypt hashes, checked on threads and never
 * in the loop. A verdict is kept, so that a scraper's password costs one check
 * as long as its hash stays the same. check.h has the order, in which a crowd of
 * wrong passwords does not keep a right one waiting. A name that is not
 * known costs as much as a wrong password of some user, which its digest picks:
 * the time does not tell that it is not known.
 */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Verdicts that are kept; past it the one not asked for longest goes, and
 * wrong ones before right ones.
 */
#define AUTH_VERDICTS_MAX 256

/* Checks that wait for a thread; past it one ends without a verdict. */
#define AUTH_WAITING_MAX 64

struct auth;
struct event_base;
struct web_user;

enum auth_verdict {
	AUTH_RIGHT,
	AUTH_WRONG,
	AUTH_BUSY /* too many checks wait, no thread is there, or it ends */
};

typedef void auth_fn(enum auth_verdict verdict, void *arg);

/* Which address it is from: any number, the same for the same address. */
typedef uint64_t auth_from_fn(void *arg);

struct auth *auth_new(struct event_base *base);

/* Ends all that wait with AUTH_BUSY. */
void auth_free(struct auth *a);

/*
 * From now on these users, which are copied. A right verdict stays when its
 * user is the same, with the same hash. None: all may ask.
 */
void auth_use(struct auth *a, const struct web_user *users, size_t n);
bool auth_is_needed(const struct auth *a);

/*
 * Calls done once, maybe before this returns. authorization is the header's
 * value, or NULL; from is called, before this returns, when it is not known.
 */
void auth_check(struct auth *a, const char *authorization, auth_from_fn *from,
    auth_fn *done, void *arg);

#endif
