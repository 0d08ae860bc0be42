#include "http/records.h"

#include <sys/socket.h>

#include <openssl/ssl.h>
#include <unistd.h>

#include "support.h"

/* Anonymous, since a certificate would be no part of this. */
#define CIPHER "ADH-AES128-GCM-SHA256:@SECLEVEL=0"

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
new_side(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL *ssl;

	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, CIPHER), 1);
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
pair_new(int type)
{
	struct pair *p = calloc(1, sizeof(*p));
	int ends[2];
	BIO *up = BIO_new(BIO_s_mem());

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, ends), 0);
	p->far = ends[1];
	p->server = new_side(TLS_server_method());
	p->client = new_side(TLS_client_method());
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

static const struct {
	const char *name;
	size_t len;
	bool gathered;
	size_t messages;
} rows[] = {
	{ "a byte", 1, true, 1 },
	{ "a record", RECORD_BYTES_MAX, true, 1 },
	{ "a byte more", RECORD_BYTES_MAX + 1, true, 1 },
	{ "whole records", 3 * RECORD_BYTES_MAX, true, 1 },
	{ "an answer", 83000, true, 1 },
	{ "one that nobody gathers", 83000, false, 6 },
	{ "up to the limit", 16 * RECORD_BYTES_MAX, true, 1 },
	{ "past the limit", 17 * RECORD_BYTES_MAX, true, 2 },
};

/* One message a write; the same connection for all. */
TEST(writes)
{
	struct pair *p = pair_new(SOCK_SEQPACKET);
	int room = MESSAGE_MAX;

	(void)setsockopt(
	    SSL_get_wfd(p->server), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < nitems(rows); i++) {
		p->messages = p->got_len = 0;
		if (rows[i].gathered)
			records_gather(p->server, rows[i].len);
		while (SSL_write(p->server, p->body, (int)rows[i].len) <= 0)
			assert_true(feed(p, MESSAGE_MAX));
		while (feed(p, MESSAGE_MAX))
			;
		check_number(rows[i].name, p->messages, rows[i].messages);
		check_bytes(rows[i].name, ((struct span){ p->got, p->got_len }),
		    ((struct span){ p->body, rows[i].len }));
	}
	pair_free(p);
}

/* The socket takes less than there is, and more when the client has read. */
TEST(slow_reader)
{
	static const size_t lens[] = { 1, 20000, 83000, 1000000, 83000 };
	struct pair *p = pair_new(SOCK_STREAM);
	int room = 4096;

	(void)setsockopt(
	    SSL_get_wfd(p->server), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < nitems(lens); i++) {
		size_t waited = 0;
		int r;

		p->got_len = 0;
		records_gather(p->server, lens[i]);
		while ((r = SSL_write(p->server, p->body, (int)lens[i])) <= 0) {
			check_number("why", SSL_get_error(p->server, r),
			    SSL_ERROR_WANT_WRITE);
			assert_true(feed(p, 1000));
			waited++;
		}
		check_number("all", r, lens[i]);
		check("waits", (waited > 0) == (lens[i] > 1));
		while (feed(p, 1000))
			;
		check_bytes("slow", ((struct span){ p->got, p->got_len }),
		    ((struct span){ p->body, lens[i] }));
	}
	pair_free(p);
}

/* It fails, and what was kept goes with the connection. */
TEST(client_leaves)
{
	struct pair *p = pair_new(SOCK_STREAM);
	int r;

	(void)shutdown(p->far, SHUT_RDWR);
	records_gather(p->server, 83000);
	r = SSL_write(p->server, p->body, 83000);
	check_number("left", SSL_get_error(p->server, r), SSL_ERROR_SYSCALL);
	pair_free(p);
}

TESTS("records", T(writes), T(slow_reader), T(client_leaves))
