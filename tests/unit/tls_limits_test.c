/* What a peer may send before it has shown who it is. */
#include "base/tls_limits.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <openssl/ssl.h>
#include <unistd.h>

#include "support.h"

/* A connection of ours, and the socket of its peer. */
struct ends {
	SSL_CTX *ctx;
	SSL *ssl;
	int fds[2];
};

static void
open_ends(struct ends *s, bool server)
{
	s->ctx =
	    SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	tls_limits_set(s->ctx);
	s->ssl = SSL_new(s->ctx);
	check_number("pair",
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s->fds), 0);
	check_number("fd", SSL_set_fd(s->ssl, s->fds[0]), 1);
	if (server)
		SSL_set_accept_state(s->ssl);
	else
		SSL_set_connect_state(s->ssl);
}

static void
close_ends(struct ends *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	(void)close(s->fds[0]);
	(void)close(s->fds[1]);
}

static void
peer_sends(struct ends *s, const void *data, size_t len)
{
	check_number("sent", write(s->fds[1], data, len), (long)len);
}

/* One turn; whether there will be another. */
static bool
turn(struct ends *s)
{
	int r = SSL_do_handshake(s->ssl);

	return r < 0 && SSL_get_error(s->ssl, r) == SSL_ERROR_WANT_READ;
}

static size_t
unread(const struct ends *s)
{
	int n = 0;

	check_number("unread", ioctl(s->fds[0], FIONREAD, &n), 0);
	return (size_t)n;
}

/* A message that comes by the byte: no more of it in a turn than the limit. */
TEST(turns)
{
	static const char first[] = "\x16\3\3\0\4\2\0\x4e\x20";
	static const char piece[] = "\x16\3\3\0\1x";
	enum {
		LEN = sizeof(piece) - 1
	};
	static char pieces[4 * TLS_TURN_RECORDS_MAX * LEN];
	struct ends s;
	size_t before, read;

	open_ends(&s, false);
	check_number("hello", turn(&s), true);
	peer_sends(&s, first, sizeof(first) - 1);
	for (size_t i = 0; i < sizeof(pieces); i += LEN)
		memcpy(pieces + i, piece, LEN);
	peer_sends(&s, pieces, sizeof(pieces));
	for (size_t i = 0; i < 3; i++) {
		before = unread(&s);
		check_number("turn", turn(&s), true);
		read = before - unread(&s);
		check_number(
		    "little", read <= TLS_TURN_RECORDS_MAX * LEN + 9, true);
		check_number(
		    "some", read >= TLS_TURN_RECORDS_MAX * LEN - LEN, true);
	}
	close_ends(&s);
}

/* A ClientHello is refused by the length that it announces. */
TEST(hello)
{
	static const struct {
		const char *name;
		char bytes[10]; /* and more of them, all zero */
		bool goes_on;
	} rows[] = {
		{ "as long as may be", "\x16\3\1\1\0\1\0\x40\0", true },
		{ "longer", "\x16\3\1\1\0\1\0\x40\1", false },
		{ "131 kB", "\x16\3\1\1\0\1\2\0\0", false },
	};

	enum {
		MORE = 8
	};
	char bytes[9 + MORE] = { 0 };

	for (EACH(r, rows)) {
		for (size_t step = 1; step <= 9 + MORE; step += 4) {
			struct ends s;
			bool more = true;

			open_ends(&s, true);
			memcpy(bytes, r->bytes, 9);
			for (size_t i = 0; i < sizeof(bytes) && more;
			     i += step) {
				peer_sends(&s, bytes + i,
				    i + step < sizeof(bytes)
					? step
					: sizeof(bytes) - i);
				more = turn(&s);
			}
			check_number(r->name, more, r->goes_on);
			check_number(r->name, tls_limits_fault(s.ssl) == NULL,
			    r->goes_on);
			close_ends(&s);
		}
	}
}

/* Any certificate. */
static void
set_certificate(SSL *ssl)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	(void)X509_gmtime_adj(X509_getm_notBefore(x), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 60);
	(void)X509_set_pubkey(x, key);
	check("signed", X509_sign(x, key, EVP_sha256()) > 0);
	check_number("certificate", SSL_use_certificate(ssl, x), 1);
	check_number("key", SSL_use_PrivateKey(ssl, key), 1);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* So is the one that a server asks for when it wants another group. */
TEST(second_hello)
{
	static const struct {
		const char *name;
		const char *bytes; /* of the second one */
		size_t len;
		bool goes_on;
	} rows[] = {
		{ "as long as may be", "\x16\3\3\1\0\1\0\x40\0", 9, true },
		{ "longer", "\x16\3\3\1\0\1\0\x40\1", 9, false },
		{ "behind a ChangeCipherSpec",
		    "\x14\3\3\0\1\1\x16\3\3\1\0\1\2\0\0", 15, false },
		{ "in two records", "\x16\3\3\0\1\1\x16\3\3\1\0\2\0\0", 14,
		    false },
		{ "another message", "\x16\3\3\1\0\2\2\0\0", 9, true },
	};

	for (EACH(r, rows)) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *peer = SSL_new(ctx);
		struct ends s;

		open_ends(&s, true);
		set_certificate(s.ssl);
		(void)SSL_set1_groups_list(s.ssl, "P-384");
		(void)SSL_set1_groups_list(peer, "P-256:P-384");
		(void)SSL_set_fd(peer, s.fds[1]);
		SSL_set_connect_state(peer);
		check_number(r->name, SSL_do_handshake(peer), -1);
		check_number(r->name, turn(&s), true);
		peer_sends(&s, r->bytes, r->len);
		check_number(r->name, turn(&s), r->goes_on);
		check_number(
		    r->name, tls_limits_fault(s.ssl) == NULL, r->goes_on);
		SSL_free(peer);
		SSL_CTX_free(ctx);
		close_ends(&s);
	}
}

/* Requests to say hello, which a client is always sent in clear. */
TEST(messages)
{
	static const char request[] = "\x16\3\3\0\4\0\0\0\0";
	struct ends s;

	open_ends(&s, false);
	check_number("hello", turn(&s), true);
	for (size_t i = 0; i < TLS_MESSAGES_MAX; i++)
		peer_sends(&s, request, sizeof(request) - 1);
	check_number("enough", turn(&s), true);
	check("enough", tls_limits_fault(s.ssl) == NULL);
	peer_sends(&s, request, sizeof(request) - 1);
	check_number("too many", turn(&s), false);
	check_text("too many", span_of(tls_limits_fault(s.ssl)),
	    "too many messages of handshake in a row");
	close_ends(&s);
}

/* A handshake without certificates. */
static void
shake_hands(struct ends *s, SSL *peer)
{
	int done = 0;

	for (int i = 0; i < 10 && done < 2; i++) {
		done = SSL_do_handshake(s->ssl) == 1;
		done += SSL_do_handshake(peer) == 1;
	}
	check_number("shaken", done, 2);
}

/* What is read until the loop has to turn. */
static size_t
read_in_a_turn(SSL *ssl)
{
	char data[16384];
	size_t total = 0;
	int n;

	while ((n = SSL_read(ssl, data, sizeof(data))) > 0)
		total += (size_t)n;
	check_number("next", SSL_get_error(ssl, n), SSL_ERROR_WANT_READ);
	return total;
}

/* Of data, no more in a turn than the limit and a record; and all of it. */
TEST(bytes)
{
	enum {
		RECORD = 16384,
		RECORDS = 6
	};
	static char record[RECORD];
	struct ends s;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *peer;
	size_t first, rest;

	open_ends(&s, false);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	check_number("ciphers",
	    SSL_CTX_set_cipher_list(ctx, "aNULL:@SECLEVEL=0") &&
		SSL_set_cipher_list(s.ssl, "aNULL:@SECLEVEL=0"),
	    1);
	peer = SSL_new(ctx);
	(void)SSL_set_fd(peer, s.fds[1]);
	SSL_set_accept_state(peer);
	shake_hands(&s, peer);
	for (int i = 0; i < RECORDS; i++)
		check_number("sent", SSL_write(peer, record, RECORD), RECORD);
	first = read_in_a_turn(s.ssl);
	rest = read_in_a_turn(s.ssl);
	check("little", first <= TLS_TURN_BYTES_MAX);
	check("some", first >= TLS_TURN_BYTES_MAX / 2);
	check_number("all", first + rest, RECORDS * RECORD);
	SSL_free(peer);
	SSL_CTX_free(ctx);
	close_ends(&s);
}

/* Nothing that is agreed on in a handshake changes after it. */
TEST(renegotiation)
{
	struct ends s;

	open_ends(&s, true);
	check("refused", SSL_get_options(s.ssl) & SSL_OP_NO_RENEGOTIATION);
	close_ends(&s);
}

TESTS("tls_limits", T(turns), T(hello), T(second_hello), T(messages), T(bytes),
    T(renegotiation))
