#include "memcached/attempt.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/mem.h"
#include "base/span.h"

/* Reads in one turn of the loop, which a flood must not hold. */
#define READS_MAX 16

/* A datagram may be larger than it should be. */
#define DATAGRAM_BYTES 4096

/* An answer over TCP, or what there is of it, its length in front. */
struct stream {
	size_t have;
	unsigned char bytes[2 + ATTEMPT_STREAM_MAX];
};

struct attempt {
	struct event_base *base;
	struct endpoint server;
	struct inquiry *inquiry;
	struct dns_question questions[FAMILIES]; /* as they are sent here */
	attempt_fn *done;
	void *arg;
	int fd;
	struct event *event;
	struct stream *stream; /* NULL: over UDP */
};

bool
inquiry_begin(struct inquiry *i, const char *name)
{
	inquiry_release(i);
	return dns_question_init(&i->questions[FAMILY_4], name, DNS_A) &&
	       dns_question_init(&i->questions[FAMILY_6], name, DNS_AAAA);
}

void
inquiry_release(struct inquiry *i)
{
	for (size_t f = 0; f < FAMILIES; f++) {
		free(i->found[f]);
		i->found[f] = NULL;
		i->answered[f] = false;
	}
}

static void
close_socket(struct attempt *a)
{
	if (a->event != NULL)
		event_free(a->event);
	a->event = NULL;
	if (a->fd >= 0)
		(void)close(a->fd);
	a->fd = -1;
}

void
attempt_free(struct attempt *a)
{
	if (a == NULL)
		return;
	close_socket(a);
	free(a->stream);
	free(a);
}

/* In place of the socket before. */
static int
open_socket(struct attempt *a, int type)
{
	close_socket(a);
	a->fd = socket(
	    a->server.sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return -1;
	if (connect(a->fd, (const struct sockaddr *)&a->server.sa,
		a->server.len) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	return 0;
}

static void
watch(struct attempt *a, short what, event_callback_fn on_event)
{
	if (a->event != NULL)
		event_free(a->event);
	a->event = xnonnull(
	    event_new(a->base, a->fd, (short)(what | EV_PERSIST), on_event, a));
	(void)event_add(a->event, NULL);
}

static void
fail(struct attempt *a, const char *fault)
{
	(void)a->done(a, fault, a->arg);
}

/* The questions that are open, one behind the other; over TCP with lengths. */
static bool
send_questions(struct attempt *a)
{
	unsigned char out[FAMILIES * (2 + DNS_QUESTION_MAX)];
	size_t before = a->stream != NULL ? 2 : 0, len = 0;

	for (size_t f = 0; f < FAMILIES; f++) {
		size_t n;

		if (a->inquiry->answered[f])
			continue;
		n = dns_question_pack(&a->questions[f], out + len + before);
		if (before > 0) {
			out[len] = (unsigned char)(n >> 8);
			out[len + 1] = (unsigned char)n;
		} else if (send(a->fd, out, n, MSG_NOSIGNAL) < 0) {
			return false;
		}
		len += before > 0 ? before + n : 0;
	}
	return len == 0 || send(a->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void on_stream(evutil_socket_t fd, short what, void *arg);

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	int err = 0;
	socklen_t len = sizeof(err);

	(void)what;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err != 0)
		fail(a, strerrordesc_np(err));
	else if (!send_questions(a))
		fail(a, "the name server takes no questions");
	else
		watch(a, EV_READ, on_stream);
}

/* What is open is asked again of the same server. */
static void
start_stream(struct attempt *a)
{
	a->stream = xmalloc(sizeof(*a->stream));
	a->stream->have = 0;
	if (open_socket(a, SOCK_STREAM) < 0)
		fail(a, strerrordesc_np(errno));
	else
		watch(a, EV_WRITE, on_connected);
}

/* Which question it answers, it says. False when the socket has gone. */
static bool
take(struct attempt *a, const unsigned char *message, size_t len)
{
	struct inquiry *i = a->inquiry;
	enum dns_outcome outcome = DNS_OTHER;
	struct endpoints found = { 0 };
	size_t f;

	for (f = 0; f < FAMILIES; f++) {
		if (!i->answered[f])
			outcome =
			    dns_answer(&a->questions[f], message, len, &found);
		if (outcome != DNS_OTHER)
			break;
	}
	switch (outcome) {
	case DNS_OTHER:
		return true;
	case DNS_CUT:
		if (a->stream == NULL)
			start_stream(a);
		else
			fail(a, "the answer is cut");
		return false;
	case DNS_FAILED:
		fail(a, "the name server failed");
		return false;
	case DNS_FOUND:
		i->found[f] = xmalloc(sizeof(found));
		*i->found[f] = found;
		break;
	case DNS_NOT_FOUND:
		break;
	}
	i->answered[f] = true;
	return a->done(a, NULL, a->arg);
}

/* Not now, but later. */
static bool
is_wait(int err)
{
	return err == EAGAIN || err == EINTR;
}

static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	unsigned char data[DATAGRAM_BYTES];

	(void)what;
	for (int reads = 0; reads < READS_MAX; reads++) {
		ssize_t n = recv(fd, data, sizeof(data), 0);

		if (n < 0 && !is_wait(errno))
			fail(a, strerrordesc_np(errno));
		if (n < 0 || !take(a, data, (size_t)n))
			return;
	}
}

static size_t
stream_wants(const struct stream *s)
{
	return s->have < 2 ? 2 : 2U + (size_t)(s->bytes[0] << 8 | s->bytes[1]);
}

/* Reads some bytes; false when the socket has gone, or has no more now. */
static bool
read_stream(struct attempt *a)
{
	struct stream *s = a->stream;
	ssize_t n =
	    recv(a->fd, s->bytes + s->have, stream_wants(s) - s->have, 0);

	if (n < 0 && is_wait(errno))
		return false;
	if (n <= 0) {
		fail(a, "the name server hung up");
		return false;
	}
	s->have += (size_t)n;
	if (stream_wants(s) > sizeof(s->bytes)) {
		fail(a, "the answer is too long");
		return false;
	}
	if (s->have < 2 || s->have < stream_wants(s))
		return true;
	n = (ssize_t)s->have;
	s->have = 0;
	return take(a, s->bytes + 2, (size_t)n - 2);
}

static void
on_stream(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	for (int reads = 0; reads < READS_MAX && read_stream(arg); reads++)
		continue;
}

struct attempt *
attempt_new(struct event_base *base, const struct endpoint *server,
    struct inquiry *inquiry, bool is_plain, attempt_fn *done, void *arg)
{
	struct attempt *a = xcalloc(1, sizeof(*a));
	int err;

	a->base = base;
	a->server = *server;
	a->inquiry = inquiry;
	a->done = done;
	a->arg = arg;
	a->fd = -1;
	for (size_t f = 0; f < FAMILIES; f++) {
		a->questions[f] = inquiry->questions[f];
		dns_question_shuffle(&a->questions[f], is_plain);
	}
	if (open_socket(a, SOCK_DGRAM) == 0 && send_questions(a)) {
		watch(a, EV_READ, on_datagram);
		return a;
	}
	err = errno;
	attempt_free(a);
	errno = err;
	return NULL;
}
