#include "http/password.h"

#include <crypt.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "support.h"

/* Name and password, with a blank between them; NULL: refused. */
TEST(headers)
{
	static const struct {
		const char *header;
		const char *is;
	} rows[] = {
		{ "Basic bmFtZTpwYXNz", "name pass" },
		{ "basic bmFtZTpwYXNz", "name pass" },
		{ "BASIC bmFtZTpwYXNz", "name pass" },
		{ "Basic bmFtZTpwYXNz  ", "name pass" },
		{ "Basic   bmFtZTpwYXNz", "name pass" },
		{ "Basic bmFtZTpwYXM=", "name pas" },
		{ "Basic bmFtZTpwYQ==", "name pa" },
		{ "Basic bmFtZTpwYTpzcw==", "name pa:ss" },
		{ "Basic bmFtZTo=", "name " },
		{ "Basic OnBhc3M=", " pass" },
		{ "Basic Og==", " " },
		{ "Basic w7w6w7w=", "\xc3\xbc \xc3\xbc" },

		{ NULL, NULL },
		{ "", NULL },
		{ "Basic", NULL },
		{ "Basic ", NULL },
		{ "Basic    ", NULL },
		{ "Basicbm FtZTpwYXNz", NULL },
		{ "Bearer bmFtZTpwYXNz", NULL },
		{ "Digest username=\"name\"", NULL },
		{ " Basic bmFtZTpwYXNz", NULL },
		{ "Basic name:pass", NULL },
		{ "Basic bmFtZQ==", NULL },     /* no colon */
		{ "Basic bmFtZTpwYQ", NULL },   /* no padding */
		{ "Basic bmFtZTpwYQ=", NULL },  /* half of it */
		{ "Basic bmFtZTpwYXN_", NULL }, /* of base64url */
		{ "Basic bmFt ZTpwYXNz", NULL },
		{ "Basic bmFtZTpwYXNz bmFt", NULL },
		{ "Basic bmFtZTpwYXNz,", NULL },
		{ "Basic bmFtZTpwAHNz", NULL }, /* NUL in the password */
		{ "Basic bgBtZTpwYXNz", NULL }, /* and in the name */
		{ "Basic ====", NULL },
		{ "Basic AAAA", NULL },
	};

	for (EACH(r, rows)) {
		const char *row = r->header != NULL ? r->header : "no header";
		struct credentials c;
		char text[2 * CREDENTIALS_BYTES_MAX];

		check_number(
		    row, credentials_parse(&c, r->header), r->is != NULL);
		if (r->is == NULL)
			continue;
		(void)snprintf(
		    text, sizeof(text), "%s %s", c.name, c.name + c.password);
		check_text(row, span_of(text), r->is);
	}
}

/* A header with n bytes of credentials, all of them but a colon 'a'. */
static bool
is_taken(size_t n)
{
	static unsigned char bytes[4 * CREDENTIALS_BYTES_MAX];
	static char header[10 * CREDENTIALS_BYTES_MAX] = "Basic ";
	struct credentials c;

	memset(bytes, 'a', n);
	bytes[1] = ':';
	(void)EVP_EncodeBlock(
	    (unsigned char *)header + strlen("Basic "), bytes, (int)n);
	return credentials_parse(&c, header);
}

TEST(lengths)
{
	static const struct {
		size_t n;
		bool taken;
	} rows[] = {
		{ 2, true },
		{ CREDENTIALS_BYTES_MAX - 3, true },
		{ CREDENTIALS_BYTES_MAX - 2, true },
		{ CREDENTIALS_BYTES_MAX - 1, true },
		{ CREDENTIALS_BYTES_MAX, false },
		{ CREDENTIALS_BYTES_MAX + 1, false },
		{ CREDENTIALS_BYTES_MAX + 2, false },
		{ CREDENTIALS_BYTES_MAX + 100, false },
		{ 4 * CREDENTIALS_BYTES_MAX, false },
	};

	for (EACH(r, rows)) {
		char row[32];

		(void)snprintf(row, sizeof(row), "%zu bytes", r->n);
		check_number(row, is_taken(r->n), r->taken);
	}
}

TEST(matches)
{
	static const char *const settings[] = {
		"$2a$04$abcdefghijklmnopqrstuu",
		"$2b$04$abcdefghijklmnopqrstuu",
		"$2y$04$abcdefghijklmnopqrstuu",
	};
	static const struct {
		const char *password;
		const char *other;
	} rows[] = {
		{ "secret", "Secret" },
		{ "secret", "secret " },
		{ "secret", "" },
		{ "", "secret" },
		{ "\xc3\xbc\xff", "\xc3\xbc" },
	};

	for (EACH(s, settings)) {
		for (EACH(r, rows)) {
			char *hash = strdup(crypt(r->password, *s));

			check_number(*s, strlen(hash), 60);
			check(*s, password_matches(r->password, hash));
			check(*s, !password_matches(r->other, hash));
			free(hash);
		}
	}
	check("no hash", !password_matches("secret", "*0"));
	check("an empty hash", !password_matches("secret", ""));
}

/* What htpasswd has made: a hash of "test". */
TEST(foreign_hashes)
{
	static const char *const hashes[] = {
		"$2y$10$QC.YAPKq/xdTcunBBiVa.eojHa7kgkAoNtT1uzaaOTAavJaY/dEsq",
	};

	for (EACH(hash, hashes)) {
		check(*hash, password_matches("test", *hash));
		check(*hash, !password_matches("tess", *hash));
	}
}

static void
digest(const char *header, const struct digest_key *key,
    unsigned char d[DIGEST_BYTES])
{
	struct credentials c;

	check(header, credentials_parse(&c, header));
	credentials_digest(&c, key, d);
}

/* The same pair has the same digest; nothing else has it. */
TEST(digests)
{
	static const char *const headers[] = {
		"Basic YTpi",         /* a:b */
		"Basic YTpiYg==",     /* a:bb */
		"Basic YWE6Yg==",     /* aa:b */
		"Basic YTo=",         /* a: */
		"Basic OmE=",         /* :a */
		"Basic OmI=",         /* :b */
		"Basic YTpiOmM=",     /* a:b:c */
		"Basic YTpiOmM6ZA==", /* a:b:c:d */
	};
	unsigned char all[nitems(headers)][DIGEST_BYTES];
	unsigned char again[DIGEST_BYTES], elsewhere[DIGEST_BYTES];
	struct digest_key key, other;

	digest_key_init(&key);
	digest_key_init(&other);
	for (size_t i = 0; i < nitems(headers); i++) {
		digest(headers[i], &key, all[i]);
		digest(headers[i], &key, again);
		digest(headers[i], &other, elsewhere);
		check(headers[i], memcmp(all[i], again, DIGEST_BYTES) == 0);
		check(headers[i], memcmp(all[i], elsewhere, DIGEST_BYTES) != 0);
		for (size_t k = 0; k < i; k++)
			check(headers[i],
			    memcmp(all[i], all[k], DIGEST_BYTES) != 0);
	}
}

/* By the name alone; each may be the one. */
TEST(picks)
{
	struct digest_key key;
	size_t counts[3] = { 0 };

	digest_key_init(&key);
	for (char name = '0'; name <= 'z'; name++) {
		struct credentials one = { .name = { name }, .password = 2 };
		struct credentials other = one;
		size_t n = credentials_pick(&one, &key, nitems(counts));

		other.name[other.password] = 'x';
		check("in range", n < nitems(counts));
		check_number("another password",
		    credentials_pick(&other, &key, nitems(counts)), n);
		check_number("one user", credentials_pick(&one, &key, 1), 0);
		counts[n]++;
	}
	for (EACH(count, counts))
		check("each", *count > 0);
}

TESTS("password", T(headers), T(lengths), T(matches), T(foreign_hashes),
    T(digests), T(picks))
