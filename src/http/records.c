#include "http/records.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/mem.h"

/* With so much it is time to write, and a record comes on top. */
#define KEPT_BYTES_MAX (256U << 10)

/* What encryption adds to whole records is less than this part of them. */
#define OVERHEAD_SHARE 64

struct records {
	struct buf kept;
	size_t written; /* of them */
	size_t more;    /* plain bytes that come behind; so they may wait */
	bool refused;   /* the last of them, which comes again */
};

/* One write; whether that was all. */
static bool
flush(BIO *bio, struct records *r)
{
	int fd = (int)BIO_get_fd(BIO_next(bio), NULL);
	ssize_t n = send(
	    fd, r->kept.p + r->written, r->kept.len - r->written, MSG_NOSIGNAL);

	if (n >= 0)
		r->written += (size_t)n;
	if (r->written == r->kept.len) {
		buf_release(&r->kept);
		r->written = 0;
		return true;
	}
	if (n >= 0 || BIO_sock_non_fatal_error(errno))
		BIO_set_retry_write(bio);
	return false;
}

/* With room for what comes behind, within bounds. */
static void
keep(struct records *r, const char *record, size_t len)
{
	size_t room = len + r->more + r->more / OVERHEAD_SHARE;

	if (room > r->kept.max)
		room = r->kept.max;
	if (r->kept.len == 0 && len <= room)
		(void)buf_reserve(&r->kept, room);
	buf_add(&r->kept, record, len);
}

/*
 * OpenSSL has a record to write, or several where a cipher makes them at once,
 * or what was refused once more.
 */
static int
on_write(BIO *bio, const char *record, int len)
{
	struct records *r = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!r->refused)
		keep(r, record, (size_t)len);
	if (r->kept.full)
		return -1;
	if (r->more > 0 && !r->refused && r->kept.len < KEPT_BYTES_MAX)
		return len;
	r->refused = !flush(bio, r);
	return r->refused ? -1 : len;
}

static long
on_ctrl(BIO *bio, int command, long number, void *p)
{
	return BIO_ctrl(BIO_next(bio), command, number, p);
}

static int
on_destroy(BIO *bio)
{
	struct records *r = BIO_get_data(bio);

	buf_release(&r->kept);
	free(r);
	return 1;
}

/* Made once, for all connections; there is no end to free it at. */
static const BIO_METHOD *
method(void)
{
	static BIO_METHOD *m;

	if (m != NULL)
		return m;
	m = xnonnull(BIO_meth_new(BIO_TYPE_FILTER, "records"));
	(void)BIO_meth_set_write(m, on_write);
	(void)BIO_meth_set_ctrl(m, on_ctrl);
	(void)BIO_meth_set_destroy(m, on_destroy);
	return m;
}

/* Those of a connection; libevent has given it its socket's BIO. */
static struct records *
records_of(SSL *ssl)
{
	BIO *out = SSL_get_wbio(ssl), *bio;
	struct records *r;

	if (BIO_next(out) != NULL)
		return BIO_get_data(out);
	r = xcalloc(1, sizeof(*r));
	buf_init(&r->kept, KEPT_BYTES_MAX + SSL3_RT_MAX_PACKET_SIZE);
	bio = xnonnull(BIO_new(method()));
	BIO_set_data(bio, r);
	BIO_set_init(bio, 1);
	(void)BIO_up_ref(out);
	SSL_set0_wbio(ssl, BIO_push(bio, out));
	return r;
}

void
records_hold(SSL *ssl, size_t more)
{
	records_of(ssl)->more = more;
}
