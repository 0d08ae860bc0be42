#include "base/openssl.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/span.h"

/* Adds a certificate to a context or a store: 1, or 0. */
typedef int add_fn(void *to, X509 *x);

struct authorities {
	struct store {
		char *file; /* "": the system's */
		X509_STORE *store;
	} * list;
	size_t len;
};

const char *
openssl_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}

const char *
openssl_words(unsigned long code, const char *otherwise)
{
	const char *words = ERR_SYSTEM_ERROR(code)
				? strerror(ERR_GET_REASON(code))
				: ERR_reason_error_string(code);

	return words != NULL ? words : otherwise;
}

/* A passphrase cannot be typed here: a key that needs one is an error. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
fail(const struct pem *pem, struct error *e, const char *words)
{
	bool is_file = !is_set(pem->text);

	ERR_clear_error();
	return error_because(e, REASON_TLS, "%s%s%s: %s", pem->what,
	    is_file ? " " : "", is_file ? pem->file : "", words);
}

static BIO *
open_pem(const struct pem *pem, struct error *e)
{
	struct error why;
	int fd;

	ERR_clear_error();
	if (is_set(pem->text))
		return xnonnull(BIO_new_mem_buf(pem->text, -1));
	fd = file_open(pem->file, &why);
	if (fd < 0) {
		(void)error_because(
		    e, REASON_TLS, "%s %s", pem->what, why.text);
		return NULL;
	}
	return xnonnull(BIO_new_fp(xnonnull(fdopen(fd, "r")), BIO_CLOSE));
}

/* That nothing more begins is the end; any other error is damage. */
static bool
is_at_end(void)
{
	unsigned long code = ERR_peek_last_error();

	return ERR_GET_LIB(code) == ERR_LIB_PEM &&
	       ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

static int
load_certificates(void *to, const struct pem *pem, add_fn *add, struct error *e)
{
	BIO *bio = open_pem(pem, e);
	size_t n = 0;
	bool ok = true;
	X509 *x;

	if (bio == NULL)
		return -1;
	while (ok && n <= CERTIFICATES_MAX &&
	       (x = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) !=
		   NULL) {
		ok = add(to, x) == 1;
		n++;
		X509_free(x);
	}
	BIO_free(bio);
	if (n > CERTIFICATES_MAX)
		return fail(pem, e, "too many certificates");
	if (!ok || n == 0 || !is_at_end())
		return fail(pem, e,
		    openssl_words(ERR_peek_error(), "nothing of use in it"));
	ERR_clear_error();
	return 0;
}

static int
add_to_chain(void *to, X509 *x)
{
	SSL_CTX *ctx = to;

	if (SSL_CTX_get0_certificate(ctx) == NULL)
		return SSL_CTX_use_certificate(ctx, x);
	return (int)SSL_CTX_add1_chain_cert(ctx, x);
}

static int
add_to_store(void *to, X509 *x)
{
	return X509_STORE_add_cert(to, x);
}

/* A server also tells their names. */
static int
add_authority(void *to, X509 *x)
{
	SSL_CTX *ctx = to;

	return add_to_store(SSL_CTX_get_cert_store(ctx), x) == 1 &&
	       SSL_CTX_add_client_CA(ctx, x) == 1;
}

int
openssl_load_chain(SSL_CTX *ctx, const struct pem *pem, struct error *e)
{
	return load_certificates(ctx, pem, add_to_chain, e);
}

int
openssl_load_authorities(SSL_CTX *ctx, const struct pem *pem, struct error *e)
{
	return load_certificates(ctx, pem, add_authority, e);
}

static const char *
key_fault(void)
{
	unsigned long code = ERR_peek_error();

	if (ERR_GET_REASON(code) == ERR_R_INTERRUPTED_OR_CANCELLED)
		return "it has a passphrase: expected a key without one";
	return openssl_words(code, "nothing of use in it");
}

int
openssl_load_key(SSL_CTX *ctx, const struct pem *pem, struct error *e)
{
	BIO *bio = open_pem(pem, e);
	EVP_PKEY *key;
	int r;

	if (bio == NULL)
		return -1;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	/* OpenSSL itself has a place for the key of each kind of certificate */
	r = key != NULL &&
		    X509_check_private_key(
			SSL_CTX_get0_certificate(ctx), key) == 1 &&
		    SSL_CTX_use_PrivateKey(ctx, key) == 1
		? 0
		: fail(pem, e, key_fault());
	EVP_PKEY_free(key);
	BIO_free(bio);
	return r;
}

struct authorities *
authorities_new(void)
{
	return xcalloc(1, sizeof(struct authorities));
}

void
authorities_free(struct authorities *as)
{
	for (size_t i = 0; as != NULL && i < as->len; i++) {
		free(as->list[i].file);
		X509_STORE_free(as->list[i].store);
	}
	if (as != NULL)
		free(as->list);
	free(as);
}

static X509_STORE *
find_store(const struct authorities *as, const char *file)
{
	for (size_t i = 0; as != NULL && i < as->len; i++) {
		if (strcmp(as->list[i].file, file) == 0)
			return as->list[i].store;
	}
	return NULL;
}

static void
keep_store(struct authorities *as, const char *file, X509_STORE *store)
{
	as->list = xreallocarray(as->list, as->len + 1, sizeof(*as->list));
	(void)X509_STORE_up_ref(store);
	as->list[as->len++] = (struct store){ xstrdup(file), store };
}

int
authorities_trust(
    struct authorities *as, const char *file, SSL_CTX *ctx, struct error *e)
{
	struct pem pem = { .what = "CA file", .file = file };
	X509_STORE *store = find_store(as, file);

	if (store != NULL) {
		SSL_CTX_set1_cert_store(ctx, store);
		return 0;
	}
	store = SSL_CTX_get_cert_store(ctx);
	if (file[0] == '\0')
		(void)X509_STORE_set_default_paths(store);
	else if (load_certificates(store, &pem, add_to_store, e) < 0)
		return -1;
	if (as != NULL)
		keep_store(as, file, store);
	return 0;
}

static void *
memory_new(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size > 0 ? xmalloc(size) : NULL;
}

static void
memory_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void *
memory_resize(void *p, size_t size, const char *file, int line)
{
	if (size > 0)
		return xrealloc(p, size);
	memory_free(p, file, line);
	return NULL;
}

void
openssl_use_memory(void)
{
	(void)CRYPTO_set_mem_functions(memory_new, memory_resize, memory_free);
}
