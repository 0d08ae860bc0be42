/*
 * What one connection writes, and what it makes of what it reads: over a
 * socket pair whose other end is the test, which is the server.
 */
#include "memcached/connection.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "memcached/dial.h"
#include "memcached/peer.h"
#include "stats/plan.h"
#include "stats/reply.h"
#include "support.h"

#define STATS (1U << COLLECTOR_STATS)
#define SETTINGS (1U << COLLECTOR_SETTINGS)
#define SLABS (1U << COLLECTOR_SLABS)
#define ITEMS (1U << COLLECTOR_ITEMS)
#define ALL (STATS | SETTINGS | SLABS | ITEMS)

#define COMMANDS "stats\r\nstats settings\r\nstats slabs\r\nstats items\r\n"
#define STAT "STAT curr_items 7\r\n"
#define ANSWERS STAT "END\r\nEND\r\nEND\r\nEND\r\n"

/* ---- A dial that the test ends */

struct dial {
	dial_fn *done;
	void *arg;
};

static struct dial dialing;
static struct plans *plans;
static unsigned dials, cancels;
static bool reached;

struct dial *
dial_new(struct event_base *base, struct resolver *resolver,
    const struct peer *peer, uint64_t deadline_us, dial_fn *done, void *arg)
{
	(void)base;
	(void)resolver;
	(void)peer;
	(void)deadline_us;
	dialing = (struct dial){ done, arg };
	dials++;
	return &dialing;
}

void
dial_cancel(struct dial *d)
{
	cancels += d != NULL;
}

bool
dial_was_reached(const struct dial *d)
{
	(void)d;
	return reached;
}

void
dial_late(const struct dial *d, struct error *why)
{
	(void)d;
	(void)error_because(why, REASON_DNS, "dialing");
}

/* ---- The server, and the connection's owner */

static struct connection_env env;
static struct access access_of;
static struct peer peer = { .access = &access_of };
static struct connection *con;
static int server = -1;

static unsigned told;
static enum reason reason; /* REASONS: all was answered */
static char words[ERROR_TEXT_MAX];

static void
on_done(struct connection *c, const struct error *why, void *arg)
{
	(void)arg;
	assert_ptr_equal(c, con);
	told++;
	reason = why != NULL ? why->reason : REASONS;
	(void)snprintf(
	    words, sizeof(words), "%s", why != NULL ? why->text : "");
}

static void
turn(void)
{
	(void)event_base_loop(env.base, EVLOOP_NONBLOCK);
}

static void
hang_up(void)
{
	if (server >= 0)
		(void)close(server);
	server = -1;
}

static void
begin(void)
{
	env = (struct connection_env){ .base = event_base_new(),
		.keys = keys_new() };
	plans = plans_new(100);
	access_of = (struct access){ .protocol = PROTOCOL_ASCII };
	dials = cancels = told = 0;
	reached = false;
	con = connection_new(&env, &peer, on_done, NULL);
}

/* The reason that was counted, or CLOSE_REASONS. */
static enum close_reason
counted(void)
{
	enum close_reason found = CLOSE_REASONS;

	for (int i = 0; i < CLOSE_REASONS; i++) {
		if (env.closed[i] != 0)
			found = (enum close_reason)i;
	}
	return found;
}

static void
end(void)
{
	union {
		const struct keys *borrowed;
		struct keys *keys;
	} u = { .borrowed = env.keys };

	connection_close(con, CLOSE_SHUTDOWN);
	hang_up();
	event_base_free(env.base);
	plans_free(plans);
	keys_free(u.keys);
}

static void
ask(unsigned set, bool one_by_one)
{
	struct ask a = { .plan = plans_get(plans, set, set),
		.one_by_one = one_by_one };

	connection_ask(con, &a);
}

static void
connected(void)
{
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	hang_up();
	server = fds[1];
	dialing.done(fds[0], NULL, "cache1:1 (::1)", NULL, dialing.arg);
}

/* What the connection has written since. */
static struct span
heard(void)
{
	static char data[65536];
	ssize_t n = recv(server, data, sizeof(data), MSG_DONTWAIT);

	return (struct span){ data, n > 0 ? (size_t)n : 0 };
}

static void
say(const char *row, struct span data)
{
	check(row,
	    send(server, data.p, data.len, MSG_NOSIGNAL) == (ssize_t)data.len);
	turn();
}

#define SAY(literal) say(literal, SPAN(literal))
#define HEARD(literal) check_text(literal, heard(), literal)

static void
begin_connected(void)
{
	begin();
	ask(ALL, false);
	connected();
	HEARD(COMMANDS);
}

/* After one collection. */
static void
begin_at_rest(void)
{
	begin_connected();
	SAY(ANSWERS);
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASONS);
	assert_true(connection_is_usable(con));
	connection_rest(con);
	told = 0;
}

static bool
has_items(const char *number)
{
	struct span value;

	return reply_find(connection_reply(con), REPLY_SERVER, COLLECTOR_STATS,
		   "curr_items", &value) &&
	       span_is(value, number);
}

TEST(asked_twice)
{
	begin();
	assert_true(connection_is_usable(con));
	assert_int_equal(connection_since(con), 0);
	ask(ALL, false);
	assert_int_equal(dials, 1);
	assert_false(connection_was_reused(con));
	assert_false(connection_was_reached(con));
	connected();
	assert_true(connection_was_reached(con));
	assert_int_not_equal(connection_since(con), 0);
	assert_int_equal(env.opened, 1);
	HEARD(COMMANDS);
	assert_true(connection_is_silent(con));
	SAY(STAT);
	assert_false(connection_is_silent(con));
	assert_int_equal(told, 0);
	SAY("END\r\nEND\r\nEND\r\nEND\r\n");
	assert_int_equal(told, 1);
	assert_true(has_items("7"));
	connection_rest(con);
	assert_null(connection_reply(con));
	ask(STATS, false);
	assert_true(connection_was_reused(con));
	HEARD("stats\r\n");
	SAY("STAT curr_items 8\r\nEND\r\n");
	assert_true(has_items("8"));
	assert_int_equal(dials, 1);
	assert_int_equal(counted(), CLOSE_REASONS);
	end();
	assert_int_equal(counted(), CLOSE_SHUTDOWN);
}

TEST(in_pieces)
{
	static const char answers[] = ANSWERS;

	begin_connected();
	for (size_t i = 0; i < sizeof(answers) - 1; i++) {
		assert_int_equal(told, 0);
		say(&answers[i], (struct span){ &answers[i], 1 });
	}
	assert_int_equal(told, 1);
	assert_true(has_items("7"));
	end();
}

/* More than fits into one read. */
TEST(long_answer)
{
	struct buf b;
	size_t sent = 0;

	begin_connected();
	buf_init(&b, 1 << 20);
	while (b.len < 300000)
		buf_add_str(&b, "STAT unknown_key 1\r\n");
	buf_add_str(&b, ANSWERS);
	while (sent < b.len) {
		ssize_t n = send(server, b.p + sent, b.len - sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		turn();
	}
	assert_int_equal(told, 1);
	assert_true(has_items("7"));
	buf_release(&b);
	end();
}

/* How it ends, and why; only what is in step is used again. */
TEST(ends)
{
	static const struct {
		const char *name;
		struct span data;
		bool hangs_up;
		enum reason reason;
		enum close_reason closed; /* CLOSE_REASONS: it was not */
		const char *words;        /* that begin so */
	} rows[] = {
		{ "whole", SPAN(ANSWERS), false, REASONS, CLOSE_REASONS, "" },
		{ "a byte more", SPAN(ANSWERS "\n"), false, REASONS,
		    CLOSE_UNASKED, "" },
		{ "an answer more", SPAN(ANSWERS ANSWERS), false, REASONS,
		    CLOSE_UNASKED, "" },
		{ "whole, and closed", SPAN(ANSWERS), true, REASONS,
		    CLOSE_SERVER, "" },
		{ "closed at once", SPAN(""), true, REASON_CLOSED, CLOSE_SERVER,
		    "cache1:1 (::1): the server hung up; no answer to stats" },
		{ "closed in the middle", SPAN(STAT), true, REASON_CLOSED,
		    CLOSE_SERVER,
		    "cache1:1 (::1): the server hung up; no END of stats" },
		{ "closed after one", SPAN(STAT "END\r\n"), true, REASON_CLOSED,
		    CLOSE_SERVER,
		    "cache1:1 (::1): the server hung up; no END of settings" },
		{ "refused", SPAN("ERROR\r\n"), false, REASON_PROTOCOL,
		    CLOSE_BAD_ANSWER, "stats was answered with" },
		{ "full", SPAN("ERROR Too many open connections\r\n"), true,
		    REASON_REFUSED, CLOSE_BAD_ANSWER,
		    "stats was answered with" },
	};

	for (EACH(r, rows)) {
		begin_connected();
		if (r->data.len > 0)
			check(r->name, send(server, r->data.p, r->data.len,
					   0) == (ssize_t)r->data.len);
		if (r->hangs_up)
			hang_up();
		turn();
		turn();
		check_number(r->name, told, 1);
		check_number(r->name, reason, r->reason);
		check_number(r->name, counted(), r->closed);
		check(r->name, span_begins(span_of(words), r->words) ||
				   r->words[0] == '\0');
		check(r->name,
		    connection_is_usable(con) == (r->closed == CLOSE_REASONS));
		end();
	}
}

TEST(ends_at_rest)
{
	static const struct {
		const char *name;
		bool speaks;
		enum close_reason closed;
	} rows[] = {
		{ "closed", false, CLOSE_SERVER },
		{ "speaks", true, CLOSE_UNASKED },
	};

	for (EACH(r, rows)) {
		begin_at_rest();
		if (r->speaks)
			say(r->name, SPAN(STAT));
		else
			hang_up();
		turn();
		check(r->name, !connection_is_usable(con));
		check_number(r->name, counted(), r->closed);
		check_number(r->name, told, 0);
		end();
	}
}

TEST(dial_fails)
{
	struct error why;

	begin();
	ask(ALL, false);
	connection_late(con, &why);
	assert_string_equal(why.text, "dialing");
	(void)error_because(&why, REASON_REFUSED, "nobody");
	dialing.done(-1, NULL, NULL, &why, dialing.arg);
	turn();
	assert_int_equal(reason, REASON_REFUSED);
	assert_string_equal(words, "nobody");
	assert_false(connection_was_reached(con));
	connection_late(con, &why);
	assert_string_equal(why.text, "nobody");
	end();
	assert_int_equal(counted(), CLOSE_REASONS);
}

TEST(closed_while_it_dials)
{
	begin();
	ask(ALL, false);
	end();
	assert_int_equal(cancels, 1);
	assert_int_equal(counted(), CLOSE_REASONS);
}

TEST(late)
{
	struct error why;

	begin_connected();
	connection_late(con, &why);
	assert_int_equal(why.reason, REASON_TIMEOUT);
	assert_string_equal(why.text,
	    "cache1:1 (::1): stats was not answered in time; "
	    "no answer to stats");
	SAY(STAT "END\r\n" STAT);
	connection_late(con, &why);
	assert_string_equal(why.text,
	    "cache1:1 (::1): stats was not answered in time; "
	    "no END of settings");
	assert_int_equal(connection_answered(con), STATS);
	end();
}

/* ---- One by one */

TEST(one_by_one)
{
	begin();
	ask(ALL, true);
	connected();
	HEARD("stats\r\n");
	assert_int_equal(connection_stuck(con), STATS);
	SAY(STAT);
	HEARD("");
	SAY("END\r\n");
	HEARD("stats settings\r\n");
	assert_int_equal(connection_stuck(con), SETTINGS);
	SAY("ERROR\r\n");
	HEARD("stats slabs\r\n");
	assert_int_equal(connection_answered(con), STATS | SETTINGS);
	assert_int_equal(connection_refused(con), SETTINGS);
	SAY("END\r\n");
	HEARD("stats items\r\n");
	SAY("END\r\n");
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASONS);
	assert_int_equal(connection_stuck(con), 0);
	assert_int_equal(dials, 1);
	end();
}

/* It is connected to anew for what is missing, while that brings something. */
TEST(closed_after_each)
{
	begin();
	ask(ALL, true);
	connected();
	HEARD("stats\r\n");
	SAY(STAT "END\r\n");
	HEARD("stats settings\r\n");
	SAY("ERROR\r\nSTAT half");
	hang_up();
	turn();
	assert_int_equal(dials, 2);
	assert_int_equal(counted(), CLOSE_SERVER);
	connected();
	HEARD("stats slabs\r\n");
	SAY("END\r\n");
	HEARD("stats items\r\n");
	hang_up();
	turn();
	connected();
	HEARD("stats items\r\n");
	hang_up();
	turn();
	assert_int_equal(dials, 3);
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASON_CLOSED);
	assert_true(has_items("7"));
	assert_int_equal(env.opened, 3);
	assert_int_equal(env.closed[CLOSE_SERVER], 3);
	end();
}

TEST(refused_is_not_asked_again)
{
	begin_connected();
	SAY(STAT "END\r\nERROR\r\nSERVER_ERROR busy\r\nCLIENT_ERROR no\r\n");
	assert_int_equal(told, 1);
	assert_int_equal(connection_refused(con), SETTINGS | ITEMS);
	ask(ALL, false);
	HEARD("stats\r\nstats slabs\r\n");
	assert_true(reply_was_asked(connection_reply(con), COLLECTOR_ITEMS));
	SAY(STAT "END\r\nEND\r\n");
	assert_int_equal(told, 2);
	assert_int_equal(connection_answered(con), STATS | SLABS);
	assert_false(reply_has_ended(connection_reply(con), COLLECTOR_ITEMS));
	end();
}

/* The owner knows of more. */
TEST(told_not_to_ask)
{
	struct ask a = { .refused = STATS | SLABS, .one_by_one = true };

	begin();
	a.plan = plans_get(plans, ALL, ALL);
	connection_ask(con, &a);
	connected();
	HEARD("stats\r\n");
	SAY(STAT "END\r\n");
	HEARD("stats settings\r\n");
	SAY("END\r\n");
	HEARD("stats items\r\n");
	end();
}

/* ---- Drained */

TEST(drained)
{
	begin_connected();
	assert_true(connection_drain(con));
	/* thousands of them may be late: they keep little */
	assert_null(connection_reply(con));
	SAY(STAT "what?\r\nEND\r\nINVALID\r\n");
	assert_int_equal(told, 0);
	SAY("SERVER_ERROR\r\nEND\r\n");
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASONS);
	ask(STATS, false);
	HEARD("stats\r\n");
	SAY("STAT curr_items 8\r\nEND\r\n");
	assert_true(has_items("8"));
	end();
}

/* A packet of `stats`: a key of one byte, or the end. */
#define PACKET(key_len, id)                                                    \
	"\x81\x10\0" key_len "\0\0\0\0\0\0\0" key_len "\0\0\0" id "\0\0\0\0"   \
	"\0\0\0\0"

TEST(drained_binary)
{
	begin();
	access_of.protocol = PROTOCOL_BINARY;
	ask(ALL, false);
	connected();
	assert_true(heard().len > 4 * 24);
	assert_true(connection_drain(con));
	SAY(PACKET("\1", "\0") "k" PACKET("\0", "\0"));
	SAY(PACKET("\0", "\1") PACKET("\0", "\2"));
	assert_int_equal(told, 0);
	SAY(PACKET("\0", "\3"));
	assert_int_equal(told, 1);
	assert_string_equal(words, "");
	assert_int_equal(reason, REASONS);
	end();
}

/* No more is sent than was. */
TEST(drained_one_by_one)
{
	begin();
	ask(ALL, true);
	connected();
	HEARD("stats\r\n");
	assert_true(connection_drain(con));
	SAY(STAT "END\r\n");
	HEARD("");
	assert_int_equal(told, 1);
	assert_true(connection_is_usable(con));
	end();
}

TEST(drained_and_closed)
{
	begin_connected();
	assert_true(connection_drain(con));
	hang_up();
	turn();
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASON_CLOSED);
	end();
}

/* It is not connected to anew: nothing waits for the rest. */
TEST(drained_after_one_and_closed)
{
	begin();
	ask(ALL, true);
	connected();
	SAY(STAT "END\r\n");
	HEARD("stats\r\nstats settings\r\n");
	assert_true(connection_drain(con));
	hang_up();
	turn();
	assert_int_equal(told, 1);
	assert_int_equal(dials, 1);
	end();
}

/* The last byte counts, not the first. */
TEST(heard_when)
{
	uint64_t asked, once;

	begin_connected();
	asked = connection_heard(con);
	while (clock_us() == asked)
		;
	SAY(STAT);
	once = connection_heard(con);
	assert_true(once > asked && once <= clock_us());
	while (clock_us() == once)
		;
	SAY(STAT);
	assert_true(connection_heard(con) > once);
	end();
}

TEST(drained_while_it_dials)
{
	begin();
	ask(ALL, false);
	assert_false(connection_drain(con));
	reached = true; /* the handshake is missing */
	assert_true(connection_drain(con));
	connected();
	turn();
	HEARD("");
	assert_int_equal(told, 1);
	assert_int_equal(reason, REASONS);
	ask(STATS, false);
	HEARD("stats\r\n");
	end();
}

TEST(nothing_to_drain)
{
	begin_at_rest();
	assert_false(connection_drain(con));
	end();
}

/* The server closed it after an answer; it is to be connected to anew. */
TEST(given_up_before_it_dials_again)
{
	begin();
	ask(ALL, true);
	connected();
	SAY(STAT "END\r\n");
	hang_up();
	(void)event_base_loop(env.base, EVLOOP_ONCE);
	turn();
	assert_int_equal(dials, 2);
	assert_false(connection_drain(con));
	end();
	assert_int_equal(counted(), CLOSE_SERVER);
	assert_int_equal(env.closed[CLOSE_SERVER], 1);
}

/* ---- Credentials */

#define NO "CLIENT_ERROR unauthenticated\r\n"

TEST(credentials)
{
	begin();
	access_of.username = "u";
	access_of.password = "secre";
	ask(ALL, false);
	connected();
	HEARD(COMMANDS);
	SAY(NO);
	HEARD("set auth 0 0 7\r\nu secre\r\n");
	SAY(NO NO NO "STORED\r\n");
	HEARD(COMMANDS);
	SAY(ANSWERS);
	assert_int_equal(reason, REASONS);
	assert_true(has_items("7"));
	end();
}

TEST(credentials_one_by_one)
{
	begin();
	access_of.username = "u";
	access_of.password = "secre";
	ask(ALL, true);
	connected();
	HEARD("stats\r\n");
	SAY(NO);
	HEARD("set auth 0 0 7\r\nu secre\r\n");
	/* one refusal more than there were commands */
	SAY(NO);
	assert_int_equal(reason, REASON_AUTH);
	end();
}

TEST(not_cut_off)
{
	begin();
	assert_false(connection_is_cut_off(con));
	ask(ALL, false);
	connected();
	/* unread, but that is the server's own matter */
	assert_false(connection_is_cut_off(con));
	end();
}

TEST(names)
{
	assert_string_equal(close_reason_name(CLOSE_SERVER), "server");
	assert_string_equal(close_reason_name(CLOSE_SHUTDOWN), "shutdown");
}

TESTS("connection", T(asked_twice), T(in_pieces), T(long_answer), T(ends),
    T(ends_at_rest), T(dial_fails), T(closed_while_it_dials), T(late),
    T(one_by_one), T(closed_after_each), T(refused_is_not_asked_again),
    T(told_not_to_ask), T(drained), T(drained_binary), T(drained_one_by_one),
    T(drained_and_closed), T(drained_after_one_and_closed), T(heard_when),
    T(drained_while_it_dials), T(nothing_to_drain),
    T(given_up_before_it_dials_again), T(credentials),
    T(credentials_one_by_one), T(not_cut_off), T(names))
