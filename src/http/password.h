/*
 * Passwords of HTTP clients: the Authorization header (RFC 7617, Basic),
 * bcrypt, and a digest to know a pair of name and password again by without
 * keeping it.
 */
#ifndef HTTP_PASSWORD_H
#define HTTP_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

/* Of name and password together; longer ones are no credentials. */
#define CREDENTIALS_BYTES_MAX 512

#define DIGEST_BYTES 32

struct credentials {
	char name[CREDENTIALS_BYTES_MAX]; /* NUL, and the password behind it */
	size_t password;                  /* where that begins */
};

/* A secret of this process, which makes its digests of no use elsewhere. */
struct digest_key {
	unsigned char bytes[DIGEST_BYTES];
};

/* False when header, which may be NULL, holds no name and password. */
bool credentials_parse(struct credentials *c, const char *header);

void digest_key_init(struct digest_key *key);
void credentials_digest(const struct credentials *c,
    const struct digest_key *key, unsigned char digest[DIGEST_BYTES]);

/* One of 0 to n - 1 by the name, always the same one with the same key. */
size_t credentials_pick(
    const struct credentials *c, const struct digest_key *key, size_t n);

/* Whether the hash is that of the password; takes as long as its cost says. */
bool password_matches(const char *password, const char *hash);

#endif
