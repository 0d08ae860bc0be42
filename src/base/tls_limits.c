#include "base/tls_limits.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/mem.h"
#include "base/span.h"

/* The headers of a record, and of a message of the handshake. */
#define RECORD_HEADER 5
#define MESSAGE_HEADER 4

enum fault {
	FAULT_NONE,
	FAULT_HANDSHAKE,
	FAULT_MESSAGES,
	FAULT_HELLO,
	FAULT_CHAIN,
	FAULT_KEY,
	FAULTS
};

static const char *const words[] = {
	[FAULT_NONE] = NULL,
	[FAULT_HANDSHAKE] = "too many bytes of handshake",
	[FAULT_MESSAGES] = "too many messages of handshake in a row",
	[FAULT_HELLO] = "a ClientHello that is too long",
	[FAULT_CHAIN] = "too many certificates in the chain",
	[FAULT_KEY] = "a certificate with a key of too many bits",
};
_Static_assert(nitems(words) == FAULTS, "words for each");

/* Of a connection. */
struct limits {
	BIO *socket;         /* that is watched */
	uint64_t turn_began; /* at so many bytes that the socket has given */
	unsigned turn_records;
	unsigned messages;   /* in a row */
	size_t record_bytes; /* of the one that is being read */
	size_t handshake_bytes;
	bool is_server, is_encrypted;
	size_t clear_left;   /* of a record of the handshake in clear */
	size_t message_left; /* of a message, behind its header */
	size_t header_len;
	unsigned char header[MESSAGE_HEADER];
	enum fault fault;
};

static void
limits_new(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	(void)parent;
	(void)ptr;
	(void)number;
	(void)arg;
	(void)CRYPTO_set_ex_data(
	    data, index, xcalloc(1, sizeof(struct limits)));
}

static void
limits_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index,
    long number, void *arg)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)arg;
	free(ptr);
}

/* The place in each connection for them, which OpenSSL gives once. */
static int
limits_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(
		    0, NULL, limits_new, NULL, limits_free);
	return index;
}

static void
set_fault(struct limits *l, enum fault fault)
{
	if (l->fault == FAULT_NONE)
		l->fault = fault;
}

/* Whether this turn of the loop may read on; if not, the next one may. */
static bool
has_turn(struct limits *l, BIO *bio)
{
	uint64_t now = BIO_number_read(bio);

	if (now - l->turn_began < TLS_TURN_BYTES_MAX &&
	    l->turn_records < TLS_TURN_RECORDS_MAX)
		return true;
	l->turn_began = now;
	l->turn_records = 0;
	return false;
}

static long
refuse_read(struct limits *l, BIO *bio)
{
	BIO_clear_retry_flags(bio);
	if (l->fault != FAULT_NONE)
		ERR_raise(ERR_LIB_USER, (int)l->fault);
	else
		BIO_set_retry_read(bio);
	return -1;
}

/* Each message of the handshake begins with its type and its length. */
static void
take_message_header(struct limits *l, unsigned char byte)
{
	const unsigned char *h = l->header;

	l->header[l->header_len++] = byte;
	if (l->header_len < MESSAGE_HEADER)
		return;
	l->header_len = 0;
	l->message_left = (size_t)(h[1] << 16 | h[2] << 8 | h[3]);
	if (h[0] == SSL3_MT_CLIENT_HELLO &&
	    l->message_left > TLS_HELLO_BYTES_MAX)
		set_fault(l, FAULT_HELLO);
}

/* A client says hello twice if asked to, and in pieces if it likes to. */
static void
look_for_hello(struct limits *l, const char *data, size_t len)
{
	size_t end = len < l->clear_left ? len : l->clear_left;

	l->clear_left -= end;
	for (size_t i = 0; i < end;) {
		size_t rest = end - i;

		if (l->message_left == 0) {
			take_message_header(l, (unsigned char)data[i++]);
			continue;
		}
		rest = rest < l->message_left ? rest : l->message_left;
		l->message_left -= rest;
		i += rest;
	}
}

static long
on_socket(BIO *bio, int op, const char *data, size_t len, int argi, long argl,
    int ret, size_t *processed)
{
	struct limits *l = (struct limits *)(void *)BIO_get_callback_arg(bio);

	(void)len;
	(void)argi;
	(void)argl;
	switch (op) {
	case BIO_CB_READ:
		if (l->fault != FAULT_NONE || !has_turn(l, bio))
			return refuse_read(l, bio);
		break;
	case BIO_CB_READ | BIO_CB_RETURN:
		if (ret <= 0)
			break;
		look_for_hello(l, data, *processed);
		if (l->fault != FAULT_NONE)
			return refuse_read(l, bio);
		break;
	}
	return ret;
}

/* The socket is there when the first record is. */
static void
watch_socket(struct limits *l, const SSL *ssl)
{
	BIO *bio = SSL_get_rbio(ssl);

	if (l->socket == bio)
		return;
	l->socket = bio;
	l->is_server = SSL_is_server(ssl);
	l->turn_began = BIO_number_read(bio);
	BIO_set_callback_arg(bio, (char *)l);
	BIO_set_callback_ex(bio, on_socket);
}

static void
take_handshake(struct limits *l, size_t bytes)
{
	l->handshake_bytes += bytes;
	if (l->handshake_bytes > TLS_HANDSHAKE_BYTES_MAX)
		set_fault(l, FAULT_HANDSHAKE);
}

static void
take_record(struct limits *l, int type)
{
	if (type == SSL3_RT_APPLICATION_DATA)
		l->messages = 0;
	else
		take_handshake(l, l->record_bytes);
}

/*
 * TLS 1.3 says of all records that they are data, and what they are in them:
 * SSL3_RT_INNER_CONTENT_TYPE.
 */
static bool
is_hidden(const SSL *ssl, int type)
{
	return type == SSL3_RT_APPLICATION_DATA &&
	       SSL_version(ssl) >= TLS1_3_VERSION;
}

/*
 * In TLS 1.2 all is encrypted after a ChangeCipherSpec; TLS 1.3 says of what is
 * encrypted that it is data.
 */
static void
begin_record(struct limits *l, const SSL *ssl, int type, size_t len)
{
	l->is_encrypted |= type == SSL3_RT_CHANGE_CIPHER_SPEC &&
			   SSL_version(ssl) < TLS1_3_VERSION;
	l->clear_left =
	    l->is_server && !l->is_encrypted && type == SSL3_RT_HANDSHAKE ? len
									  : 0;
	l->turn_records++;
	l->record_bytes = RECORD_HEADER + len;
	if (!is_hidden(ssl, type))
		take_record(l, type);
}

/* Of each message, and of each record's header. */
static void
on_message(int sent, int version, int type, const void *data, size_t len,
    SSL *ssl, void *arg)
{
	struct limits *l = SSL_get_ex_data(ssl, limits_index());
	const unsigned char *p = data;

	(void)version;
	(void)arg;
	watch_socket(l, ssl);
	if (sent)
		return;
	if (type == SSL3_RT_HEADER && len == RECORD_HEADER) {
		begin_record(l, ssl, p[0], (size_t)(p[3] << 8 | p[4]));
	} else if (type == SSL3_RT_INNER_CONTENT_TYPE && len == 1) {
		take_record(l, p[0]);
	} else if (type == SSL3_RT_HANDSHAKE &&
		   ++l->messages > TLS_MESSAGES_MAX) {
		set_fault(l, FAULT_MESSAGES);
	}
}

void
tls_limits_set(SSL_CTX *ctx)
{
	(void)limits_index();
	SSL_CTX_set_msg_callback(ctx, on_message);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_max_cert_list(ctx, TLS_CHAIN_BYTES_MAX);
}

static bool
is_cheap(X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	BIGNUM *e = NULL;
	bool cheap;

	/* of a kind that nothing can be verified with */
	if (key == NULL)
		return true;
	cheap = EVP_PKEY_get_bits(key) <= TLS_KEY_BITS_MAX;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
		cheap = cheap && BN_num_bits(e) <= TLS_EXPONENT_BITS_MAX;
	BN_free(e);
	return cheap;
}

bool
tls_limits_chain(X509_STORE_CTX *store)
{
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
	    store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct limits *l = SSL_get_ex_data(ssl, limits_index());

	if (sk_X509_num(chain) > TLS_CHAIN_MAX)
		set_fault(l, FAULT_CHAIN);
	for (int i = 0; i < sk_X509_num(chain) && l->fault == FAULT_NONE; i++) {
		if (!is_cheap(sk_X509_value(chain, i)))
			set_fault(l, FAULT_KEY);
	}
	ERR_clear_error();
	if (l->fault == FAULT_NONE)
		return true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return false;
}

const char *
tls_limits_fault(const SSL *ssl)
{
	const struct limits *l = SSL_get_ex_data(ssl, limits_index());

	return words[l->fault];
}
