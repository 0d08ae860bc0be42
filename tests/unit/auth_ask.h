/*
 * Asking auth for verdicts. An int holds each: PENDING until it comes, once.
 */
#ifndef AUTH_ASK_H
#define AUTH_ASK_H

#include <crypt.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "config/web.h"
#include "http/auth.h"
#include "http/password.h"

#include "support.h"

#define PENDING (-1)

static struct auth *auth;

/* Where what is asked comes from. */
static uint64_t from;

/* The least cost there is. */
#define CHEAP "$2b$04$abcdefghijklmnopqrstuu"

static inline char *
hash_of(const char *password)
{
	return strdup(crypt(password, CHEAP));
}

/* Pairs of name and password; none: no users. */
static inline void
use(size_t n, const char *const pairs[][2])
{
	struct web_user users[4] = { 0 };

	for (size_t i = 0; i < n; i++) {
		users[i].name = strdup(pairs[i][0]);
		users[i].hash = hash_of(pairs[i][1]);
	}
	auth_use(auth, users, n);
	for (size_t i = 0; i < n; i++) {
		free(users[i].name);
		free(users[i].hash);
	}
}

static inline void
use_one(const char *name, const char *password)
{
	const char *const pairs[][2] = { { name, password } };

	use(1, pairs);
}

/* Exactly one verdict each. */
static inline void
on_verdict(enum auth_verdict verdict, void *arg)
{
	int *got = arg;

	check_number("before the verdict", *got, PENDING);
	*got = (int)verdict;
}

static inline uint64_t
get_from(void *arg)
{
	(void)arg;
	return from;
}

static inline void
ask(const char *pair, int *verdict)
{
	char header[2 * CREDENTIALS_BYTES_MAX] = "Basic ";

	(void)EVP_EncodeBlock((unsigned char *)header + strlen("Basic "),
	    (const unsigned char *)pair, (int)strlen(pair));
	*verdict = PENDING;
	auth_check(auth, header, get_from, on_verdict, verdict);
}

static inline void
ask_all(int *verdicts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char pair[32];

		(void)snprintf(pair, sizeof(pair), "a:%zu", i);
		ask(pair, &verdicts[i]);
	}
}

static inline size_t
count(const int *verdicts, size_t n, int verdict)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += verdicts[i] == verdict;
	return found;
}

#endif
