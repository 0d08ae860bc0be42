#include "http/records.h"

#include <sys/socket.h>

#include <openssl/ssl.h>
#include <unistd.h>

#include "support.h"

/* Anonymous, since a certificate would be no part of this. */
#define CIPHER "ADH-AES128-GCM-SHA256"

/* Of this one OpenSSL makes several records at once, for a large write. */
#define MANY_AT_ONCE "ADH-AES128-SHA"

#define BODY_MAX (2U << 20)
#define MESSAGE_MAX (1U << 20)

/* A server that writes to a socket, and a client that is fed by hand. */
struct pair {
	SSL *server;
	SSL *client;
	int far; /* the client's end of the socket */
	size_t messages;
	char body[BODY_MAX];
	char got[BODY_MAX];
	size_t got_len;
};

static SSL *
new_side(const SSL_METHOD *method, const char *cipher)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL *ssl;

	SSL_CTX_set_security_level(ctx, 0);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_ENCRYPT_THEN_MAC);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, cipher), 1);
	(void)SSL_CTX_set_dh_auto(ctx, 1);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	return ssl;
}

/* Reads what is there, `most` bytes or one message; false when nothing is. */
static bool
feed(struct pair *p, size_t most)
{
	static char bytes[MESSAGE_MAX];
	ssize_t n = recv(p->far, bytes, most, 0);
	int r;

	if (n <= 0)
		return false;
	p->messages++;
	assert_int_equal(BIO_write(SSL_get_rbio(p->client), bytes, (int)n), n);
	while ((r = SSL_read(p->client, p->got + p->got_len,
		    (int)(BODY_MAX - p->got_len))) > 0)
		p->got_len += (size_t)r;
	return true;
}

static struct pair *
pair_new(int type, const char *cipher)
{
	struct pair *p = calloc(1, sizeof(*p));
	int ends[2];
	BIO *up = BIO_new(BIO_s_mem());

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends), 0);
	p->far = ends[1];
	p->server = new_side(TLS_server_method(), cipher);
	p->client = new_side(TLS_client_method(), cipher);
	/* what the client says needs no socket */
	(void)BIO_up_ref(up);
	SSL_set_bio(p->server, up, BIO_new_socket(ends[0], BIO_CLOSE));
	SSL_set_bio(p->client, BIO_new(BIO_s_mem()), up);
	SSL_set_accept_state(p->server);
	SSL_set_connect_state(p->client);
	while (!SSL_is_init_finished(p->client) ||
	       !SSL_is_init_finished(p->server)) {
		(void)SSL_do_handshake(p->client);
		(void)SSL_do_handshake(p->server);
		(void)feed(p, MESSAGE_MAX);
	}
	for (size_t i = 0; i < BODY_MAX; i++)
		p->body[i] = (char)(i * 2654435761U >> 24);
	return p;
}

static void
pair_free(struct pair *p)
{
	SSL_free(p->server);
	SSL_free(p->client);
	(void)close(p->far);
	free(p);
}

/*
 * Writes an answer as it has to be, and when the socket does not take a part,
 * that and the rest at once. How often it did not.
 */
static size_t
write_answer(struct pair *p, size_t len, size_t most)
{
	size_t at = 0, waited = 0, part;
	int r;

	while (at < len) {
		part = len - at;
		if (part > RECORD_BYTES_MAX && waited == 0)
			part = RECORD_BYTES_MAX;
		records_hold(p->server, len - at - part);
		while (
		    (r = SSL_write(p->server, p->body + at, (int)part)) <= 0) {
			check_number("why", SSL_get_error(p->server, r),
			    SSL_ERROR_WANT_WRITE);
			records_hold(p->server, 0);
			assert_true(feed(p, most));
			waited++;
			part = len - at;
		}
		at += (size_t)r;
	}
	while (feed(p, most))
		;
	return waited;
}

static const struct {
	const char *name;
	size_t len;
	size_t messages;
} rows[] = {
	{ "a byte", 1, 1 },
	{ "a record", RECORD_BYTES_MAX, 1 },
	{ "a byte more", RECORD_BYTES_MAX + 1, 1 },
	{ "whole records", 3 * RECORD_BYTES_MAX, 1 },
	{ "an answer", 83000, 1 },
	{ "up to the limit", 16 * RECORD_BYTES_MAX, 1 },
	{ "past the limit", 17 * RECORD_BYTES_MAX, 2 },
};

static void
check_got(const struct pair *p, const char *name, size_t len)
{
	check_bytes(name, ((struct span){ p->got, p->got_len }),
	    ((struct span){ p->body, len }));
}

/* One message a write; the same connection for all. */
static void
check_writes(const char *cipher)
{
	struct pair *p = pair_new(SOCK_SEQPACKET, cipher);
	int room = MESSAGE_MAX;

	(void)setsockopt(
	    SSL_get_wfd(p->server), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < nitems(rows); i++) {
		p->messages = p->got_len = 0;
		(void)write_answer(p, rows[i].len, MESSAGE_MAX);
		check_number(rows[i].name, p->messages, rows[i].messages);
		check_got(p, rows[i].name, rows[i].len);
	}
	pair_free(p);
}

TEST(writes)
{
	check_writes(CIPHER);
	check_writes(MANY_AT_ONCE);
}

/* Nobody has said that more comes. */
TEST(not_held)
{
	struct pair *p = pair_new(SOCK_SEQPACKET, CIPHER);

	p->messages = 0;
	records_hold(p->server, 0);
	while (SSL_write(p->server, p->body, 83000) <= 0)
		assert_true(feed(p, MESSAGE_MAX));
	while (feed(p, MESSAGE_MAX))
		;
	check_number("messages", p->messages, 6);
	check_got(p, "not held", 83000);
	pair_free(p);
}

/* The socket takes less than there is, and more when the client has read. */
static void
check_slow_reader(const char *cipher)
{
	static const size_t lens[] = { 1, 20000, 83000, 1000000, 83000 };
	struct pair *p = pair_new(SOCK_STREAM, cipher);
	int room = 4096;

	(void)setsockopt(
	    SSL_get_wfd(p->server), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < nitems(lens); i++) {
		p->got_len = 0;
		check("waits",
		    (write_answer(p, lens[i], 1000) > 0) == (lens[i] > 1));
		check_got(p, cipher, lens[i]);
	}
	pair_free(p);
}

TEST(slow_reader)
{
	check_slow_reader(CIPHER);
	check_slow_reader(MANY_AT_ONCE);
}

/* It fails, and what was kept goes with the connection. */
TEST(client_leaves)
{
	struct pair *p = pair_new(SOCK_STREAM, CIPHER);
	int r;

	(void)shutdown(p->far, SHUT_RDWR);
	records_hold(p->server, 16000);
	assert_int_equal(SSL_write(p->server, p->body, 16000), 16000);
	records_hold(p->server, 0);
	r = SSL_write(p->server, p->body, 16000);
	check_number("left", SSL_get_error(p->server, r), SSL_ERROR_SYSCALL);
	pair_free(p);
}

TESTS("records", T(writes), T(not_held), T(slow_reader), T(client_leaves))
