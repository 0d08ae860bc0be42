/*
 * What both ends of TLS need of OpenSSL: its words, and PEM files. Those are
 * read whole: what is damaged in the middle is of no use.
 */
#ifndef BASE_OPENSSL_H
#define BASE_OPENSSL_H

#include "base/error.h"

/*
 * Certificates of a chain or of authorities; more are an error. Reading so many
 * takes a third of a second.
 */
#define CERTIFICATES_MAX 1000

struct ssl_ctx_st;

/* The text, or else what is in the file, which has to be a regular one. */
struct pem {
	const char *what; /* for an error */
	const char *text; /* NULL or "": none */
	const char *file;
};

/* "3.0.17" */
const char *openssl_version(void);

/*
 * OpenSSL's words for an error code, or the system's if it was that, or else
 * `otherwise`.
 */
const char *openssl_words(unsigned long code, const char *otherwise);

/*
 * For a context that has none yet: its certificate, with the chain behind it;
 * that one's key, without a passphrase; and the authorities it trusts, whose
 * names a server tells its clients. -1 when one is of no use.
 */
int openssl_load_chain(
    struct ssl_ctx_st *ctx, const struct pem *pem, struct error *e);
int openssl_load_key(
    struct ssl_ctx_st *ctx, const struct pem *pem, struct error *e);
int openssl_load_authorities(
    struct ssl_ctx_st *ctx, const struct pem *pem, struct error *e);

/*
 * Authorities by their files: one that many contexts trust is read once, and
 * is in memory once. To be freed when all contexts of a load are there; they
 * keep what they have.
 */
struct authorities;
struct authorities *authorities_new(void);
void authorities_free(struct authorities *as);

/*
 * For a context of a client, which trusts those of a file, or of the system
 * when file is "". as may be NULL. -1 when it is of no use.
 */
int authorities_trust(struct authorities *as, const char *file,
    struct ssl_ctx_st *ctx, struct error *e);

/*
 * Without memory OpenSSL ends the program as base/mem.h does: its calls fail
 * in many places where nothing else could make them fail. To be called first.
 */
void openssl_use_memory(void);

#endif
