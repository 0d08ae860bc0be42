/*
 * Who may ask: names and bcrypt hashes, checked on threads and never in the
 * loop. A verdict is kept, so that a scraper's password costs one check as
 * long as its hash stays the same. Checks that wait go newest first: a crowd
 * of wrong passwords cannot stand in front of a right one for longer than the
 * check that is under way. A name that is not known costs as much as a wrong
 * password of some user, which its digest picks: the time tells nobody that it
 * is not known.
 */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Verdicts that are kept; past it the one not asked for longest goes, and
 * wrong ones before right ones.
 */
#define AUTH_VERDICTS_MAX 256

/* Checks that wait for a thread; past it the oldest ends without a verdict. */
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

struct auth *auth_new(struct event_base *base);

/* Ends all that wait with AUTH_BUSY. */
void auth_free(struct auth *a);

/*
 * From now on these users, which are copied; verdicts on other hashes are
 * forgotten. None: everybody may ask.
 */
void auth_use(struct auth *a, const struct web_user *users, size_t n);
bool auth_is_needed(const struct auth *a);

/*
 * Calls done once, maybe before this returns. authorization is the header's
 * value, or NULL.
 */
void auth_check(
    struct auth *a, const char *authorization, auth_fn *done, void *arg);

#endif
