#include "memcached/stream.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/mem.h"
#include "memcached/tls.h"

/* Answers are tens of kilobytes. */
#define READ_BYTES (64U << 10)

struct stream {
	struct event_base *base;
	stream_data_fn *data;
	stream_end_fn *end;
	void *arg;
	bool stopped;

	struct bufferevent *tls; /* has the socket; or else: */
	int fd;
	struct event *readable;
	int expected;           /* SO_RCVLOWAT */
	struct event *writable; /* while something is unsent */
	struct buf unsent;
};

void
stream_explain(int err, struct error *why)
{
	if (err == 0)
		(void)error_because(why, REASON_CLOSED, "the server hung up");
	else
		(void)error_because(
		    why, reason_of_errno(err), "%s", strerror(err));
}

void
stream_explain_tls(
    struct bufferevent *tls, short what, int err, struct error *why)
{
	if (!tls_failure(tls, why))
		stream_explain(what & BEV_EVENT_EOF ? 0 : err, why);
}

static void
stream_give(struct stream *s, const char *data, size_t len)
{
	s->data((struct span){ data, len }, s->arg);
}

static void
stream_end(struct stream *s, const struct error *why)
{
	stream_stop(s);
	s->end(why, s->arg);
}

static void
stream_broken(struct stream *s, int err)
{
	struct error why;

	stream_explain(err, &why);
	stream_end(s, &why);
}

/*
 * Reads a plain socket: libevent's own way takes several system calls for
 * every four kilobytes.
 */
static void
on_stream_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	char data[READ_BYTES];
	ssize_t n;

	if (what & EV_TIMEOUT)
		stream_expect(s, 1);
	do {
		n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0)
			stream_give(s, data, (size_t)n);
	} while (n == sizeof(data) && !s->stopped);
	if (n == 0)
		stream_broken(s, 0);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		stream_broken(s, errno);
}

static void
stream_forget_unsent(struct stream *s)
{
	if (s->unsent.len > 0)
		explicit_bzero(s->unsent.p, s->unsent.len);
	buf_release(&s->unsent);
}

static void
on_stream_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	ssize_t n =
	    send(fd, s->unsent.p, s->unsent.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	int err = errno;

	(void)what;
	if (n < 0 && err != EAGAIN && err != EINTR) {
		/* what the server said last tells more */
		on_stream_readable(fd, EV_READ, s);
		if (!s->stopped)
			stream_broken(s, err);
		return;
	}
	if (n > 0) {
		s->unsent.len -= (size_t)n;
		memmove(s->unsent.p, s->unsent.p + n, s->unsent.len);
		explicit_bzero(s->unsent.p + s->unsent.len, (size_t)n);
	}
	if (s->unsent.len > 0)
		(void)event_add(s->writable, NULL);
	else
		stream_forget_unsent(s);
}

/* What the socket did not take at once. */
static void
stream_send_later(struct stream *s, const struct buf *out, size_t sent)
{
	if (s->writable == NULL)
		s->writable = xnonnull(
		    event_new(s->base, s->fd, EV_WRITE, on_stream_writable, s));
	s->unsent.max = SIZE_MAX;
	buf_add(&s->unsent, out->p + sent, out->len - sent);
	(void)event_add(s->writable, NULL);
}

static void
stream_send_plain(struct stream *s, const struct buf *out)
{
	ssize_t n = 0;
	size_t sent;

	if (s->unsent.len == 0)
		n = send(s->fd, out->p, out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* an error comes again when the rest is sent */
	sent = n > 0 ? (size_t)n : 0;
	if (sent < out->len)
		stream_send_later(s, out, sent);
}

void
stream_send(struct stream *s, struct buf *out)
{
	if (s->tls != NULL)
		(void)bufferevent_write(s->tls, out->p, out->len);
	else
		stream_send_plain(s, out);
	if (out->len > 0)
		explicit_bzero(out->p, out->len);
	buf_release(out);
}

/* With TLS. */
static void
on_stream_tls_read(struct bufferevent *bev, void *arg)
{
	struct stream *s = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len;

	while (!s->stopped && (len = evbuffer_get_contiguous_space(in)) > 0) {
		stream_give(
		    s, (const char *)evbuffer_pullup(in, (ev_ssize_t)len), len);
		(void)evbuffer_drain(in, len);
	}
}

static void
on_stream_tls_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream *s = arg;
	int err = EVUTIL_SOCKET_ERROR();
	struct error why;

	if (s->stopped || (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0)
		return;
	/* reads what a server said last, so only when nothing else will */
	stream_explain_tls(bev, what, err, &why);
	stream_end(s, &why);
}

struct stream *
stream_new(struct event_base *base, int fd, struct bufferevent *tls,
    stream_data_fn *data, stream_end_fn *end, void *arg)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->base = base;
	s->data = data;
	s->end = end;
	s->arg = arg;
	s->fd = fd;
	s->expected = 1;
	s->tls = tls;
	if (tls != NULL) {
		bufferevent_setcb(
		    tls, on_stream_tls_read, NULL, on_stream_tls_event, s);
		(void)bufferevent_enable(tls, EV_READ | EV_WRITE);
		/* what came with the last bytes of the handshake */
		if (evbuffer_get_length(bufferevent_get_input(tls)) > 0)
			bufferevent_trigger(
			    tls, EV_READ, BEV_OPT_DEFER_CALLBACKS);
		return s;
	}
	s->readable = xnonnull(
	    event_new(base, fd, EV_READ | EV_PERSIST, on_stream_readable, s));
	(void)event_add(s->readable, NULL);
	return s;
}

void
stream_expect(struct stream *s, size_t bytes)
{
	const struct timeval gather = { .tv_usec = STREAM_GATHER_US };
	int expected = (int)(bytes < READ_BYTES ? bytes : READ_BYTES);

	if (s->tls != NULL || s->stopped || expected == s->expected)
		return;
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &expected,
		sizeof(expected)) < 0)
		return;
	s->expected = expected;
	if (expected > 1)
		(void)event_add(s->readable, &gather);
	else
		(void)event_remove_timer(s->readable);
}

void
stream_stop(struct stream *s)
{
	s->stopped = true;
	if (s->tls != NULL)
		(void)bufferevent_disable(s->tls, EV_READ | EV_WRITE);
	if (s->readable != NULL)
		(void)event_del(s->readable);
	if (s->writable != NULL)
		(void)event_del(s->writable);
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->writable != NULL)
		event_free(s->writable);
	stream_forget_unsent(s);
	if (s->tls != NULL) {
		tls_say_end(s->tls);
		bufferevent_free(s->tls);
	} else {
		(void)close(s->fd);
	}
	free(s);
}

bool
stream_is_cut_off(const struct stream *s)
{
	int fd = s->tls != NULL ? bufferevent_getfd(s->tls) : s->fd;
	socklen_t len = sizeof(int);
	int family = AF_UNIX, unacknowledged = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 &&
	       family != AF_UNIX && ioctl(fd, SIOCOUTQ, &unacknowledged) == 0 &&
	       unacknowledged > 0;
}
