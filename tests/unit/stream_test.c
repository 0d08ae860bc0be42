/* A plain stream over a socket pair whose other end is the test. */
#include "memcached/stream.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <event2/event.h>

#include "support.h"

#define MANY 300000U /* bytes: more than a socket takes at once */

static struct event_base *base;
static struct stream *stream;
static int server = -1;
static struct buf got; /* by the stream */
static unsigned ends;
static enum reason reason;
static size_t stop_at; /* stops when it has got so much */

static void
on_data(struct span data, void *arg)
{
	(void)arg;
	assert_int_equal(ends, 0);
	buf_add_span(&got, data);
	if (got.len >= stop_at)
		stream_stop(stream);
}

static void
on_end(const struct error *why, void *arg)
{
	(void)arg;
	ends++;
	reason = why->reason;
}

static void
begin(void)
{
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	base = event_base_new();
	server = fds[1];
	buf_init(&got, 1 << 20);
	ends = 0;
	stop_at = SIZE_MAX;
	stream = stream_new(base, fds[0], NULL, on_data, on_end, NULL);
}

static void
hang_up(void)
{
	if (server >= 0)
		(void)close(server);
	server = -1;
}

static void
end(void)
{
	stream_free(stream);
	hang_up();
	buf_release(&got);
	event_base_free(base);
}

static void
turn(void)
{
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static char
byte_at(size_t i)
{
	return (char)('a' + i % 23);
}

static void
send_bytes(size_t from, size_t n)
{
	struct buf out;

	buf_init(&out, MANY);
	for (size_t i = 0; i < n; i++)
		buf_add_char(&out, byte_at(from + i));
	stream_send(stream, &out);
	assert_null(out.p);
}

/* What the stream has sent until now, in pieces. */
static size_t
take_sent(size_t at)
{
	char data[5000];
	ssize_t n;

	while ((n = recv(server, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(data[i], byte_at(at + (size_t)i));
		at += (size_t)n;
	}
	return at;
}

TEST(sends_at_once)
{
	begin();
	send_bytes(0, 100);
	assert_int_equal(take_sent(0), 100);
	end();
}

TEST(sends_the_rest_later)
{
	size_t at;

	begin();
	send_bytes(0, MANY);
	send_bytes(MANY, 7); /* behind it, not before */
	at = take_sent(0);
	assert_true(at < MANY);
	for (unsigned i = 0; i < 1000 && at < MANY + 7; i++) {
		turn();
		at = take_sent(at);
	}
	assert_int_equal(at, MANY + 7);
	/* and then at once again */
	send_bytes(at, 5);
	assert_int_equal(take_sent(at), at + 5);
	assert_int_equal(ends, 0);
	end();
}

TEST(freed_with_something_unsent)
{
	begin();
	send_bytes(0, MANY);
	end();
}

TEST(reads)
{
	begin();
	assert_int_equal(send(server, "one", 3, 0), 3);
	turn();
	assert_int_equal(send(server, "two", 3, 0), 3);
	hang_up();
	turn();
	turn();
	check_text("both", span_of_buf(&got), "onetwo");
	assert_int_equal(ends, 1);
	assert_int_equal(reason, REASON_CLOSED);
	end();
}

/* A connected TCP socket, in the pair's place: fds[1] is the test's. */
static void
tcp_pair(int fds[2])
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	assert_int_equal(bind(listener, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(
	    getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&sa, len), 0);
	fds[1] = accept(listener, NULL, NULL);
	(void)setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)close(listener);
}

/* Pieces are given together, and what there is of them after a while. */
TEST(expects)
{
	int fds[2];

	begin();
	stream_free(stream);
	hang_up();
	tcp_pair(fds);
	server = fds[1];
	stream = stream_new(base, fds[0], NULL, on_data, on_end, NULL);
	stream_expect(stream, 6);
	assert_int_equal(send(server, "one", 3, 0), 3);
	turn();
	assert_int_equal(got.len, 0);
	assert_int_equal(send(server, "two", 3, 0), 3);
	(void)event_base_loop(base, EVLOOP_ONCE);
	check_text("together", span_of_buf(&got), "onetwo");
	stream_expect(stream, 1);
	got.len = 0;
	stream_expect(stream, 1000);
	assert_int_equal(send(server, "less", 4, 0), 4);
	(void)event_base_loop(base, EVLOOP_ONCE);
	check_text("less", span_of_buf(&got), "less");
	/* that was once: the next comes as it comes */
	assert_int_equal(send(server, "!", 1, 0), 1);
	(void)event_base_loop(base, EVLOOP_ONCE);
	check_text("next", span_of_buf(&got), "less!");
	stream_expect(stream, 1000);
	hang_up();
	(void)event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(ends, 1);
	stream_expect(stream, 2000); /* stopped */
	end();
}

/* Not one call comes after that, though there is more to read. */
TEST(stopped)
{
	static char data[1 << 17];
	ssize_t sent;

	begin();
	stop_at = 1;
	sent = send(server, data, sizeof(data), MSG_DONTWAIT);
	assert_true(sent > 70000); /* more than one read */
	turn();
	assert_in_range(got.len, 1, 65536);
	hang_up();
	turn();
	assert_int_equal(ends, 0);
	end();
}

/* What it said last is read, though nothing can be sent any more. */
TEST(last_words)
{
	begin();
	assert_int_equal(send(server, "full", 4, 0), 4);
	hang_up();
	send_bytes(0, 10);
	turn();
	turn();
	check_text("words", span_of_buf(&got), "full");
	assert_int_equal(ends, 1);
	assert_int_equal(reason, REASON_CLOSED);
	end();
}

TEST(cut_off)
{
	begin();
	send_bytes(0, 10);
	/* of a unix socket it is never said */
	assert_false(stream_is_cut_off(stream));
	end();
}

TEST(explained)
{
	static const struct {
		const char *name;
		int err;
		enum reason reason;
		const char *text;
	} rows[] = {
		{ "the end", 0, REASON_CLOSED, "the server hung up" },
		{ "reset", ECONNRESET, REASON_CLOSED,
		    "Connection reset by peer" },
		{ "no way", EHOSTUNREACH, REASON_UNREACHABLE,
		    "No route to host" },
	};

	for (EACH(r, rows)) {
		struct error why;

		stream_explain(r->err, &why);
		check_number(r->name, why.reason, r->reason);
		check_text(r->name, span_of(why.text), r->text);
	}
}

TESTS("stream", T(sends_at_once), T(sends_the_rest_later),
    T(freed_with_something_unsent), T(reads), T(expects), T(stopped),
    T(last_words), T(cut_off), T(explained))
