#include "http/password.h"

#include <crypt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"
#include "base/span.h"

static const char scheme[] = "Basic ";

/* How long base64 makes them; four characters for each three bytes begun. */
#define ENCODED_MAX ((CREDENTIALS_BYTES_MAX + 2) / 3 * 4)

/* The bytes that base64 stands for, or -1; OpenSSL counts its padding too. */
static int
decode(const char *text, unsigned char out[ENCODED_MAX])
{
	size_t len = strlen(text), padding = 0;
	int n;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len == 0 || len % 4 != 0 || len > ENCODED_MAX ||
	    memchr(text, ' ', len) != NULL)
		return -1;
	while (padding < 2 && text[len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	return n < 0 ? -1 : n - (int)padding;
}

bool
credentials_parse(struct credentials *c, const char *header)
{
	unsigned char bytes[ENCODED_MAX];
	char *colon = NULL;
	int n = -1;

	if (header != NULL && strncasecmp(header, scheme, strlen(scheme)) == 0)
		n = decode(header + strlen(scheme) +
			       strspn(header + strlen(scheme), " "),
		    bytes);
	if (n > 0 && (size_t)n < sizeof(c->name) &&
	    memchr(bytes, '\0', (size_t)n) == NULL) {
		memcpy(c->name, bytes, (size_t)n);
		c->name[n] = '\0';
		colon = strchr(c->name, ':');
	}
	explicit_bzero(bytes, sizeof(bytes));
	if (colon == NULL)
		return false;
	*colon = '\0';
	c->password = (size_t)(colon + 1 - c->name);
	return true;
}

void
digest_key_init(struct digest_key *key)
{
	/* OpenSSL would set up all of itself, for those without users too */
	if (getentropy(key->bytes, sizeof(key->bytes)) != 0)
		abort();
}

void
credentials_digest(const struct credentials *c, const struct digest_key *key,
    unsigned char digest[DIGEST_BYTES])
{
	size_t len = c->password + strlen(c->name + c->password);

	(void)xnonnull(HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes),
	    (const unsigned char *)c->name, len, digest, NULL));
}

size_t
credentials_pick(
    const struct credentials *c, const struct digest_key *key, size_t n)
{
	unsigned char digest[DIGEST_BYTES];
	uint64_t number;

	(void)xnonnull(HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes),
	    (const unsigned char *)c->name, strlen(c->name), digest, NULL));
	memcpy(&number, digest, sizeof(number));
	return (size_t)(number % n);
}

bool
password_matches(const char *password, const char *hash)
{
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *mine = crypt_r(password, hash, data);
	size_t len = strlen(hash);
	bool same = mine != NULL && strlen(mine) == len &&
		    CRYPTO_memcmp(mine, hash, len) == 0;

	explicit_bzero(data, sizeof(*data));
	free(data);
	return same;
}
