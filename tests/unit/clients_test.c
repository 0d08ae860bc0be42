#include "http/clients.h"

#include <event2/event.h>

#include "base/clock.h"
#include "http/code.h"
#include "support.h"

#define MAX 3

/* Seats by a letter, and what happens to them. */
struct room {
	struct event_base *base;
	struct clients *clients;
	struct seat seats[2 * MAX + CLIENTS_SURPLUS_MAX];
	char told[256]; /* a letter for each that was closed, "-" for a leave */
	size_t told_len;
};

static struct room room;

static void
close_seat(struct seat *seat)
{
	room.told[room.told_len++] = (char)('a' + (seat - room.seats));
	clients_leave(room.clients, seat);
}

static void
left(void *arg)
{
	struct room *r = arg;

	r->told[r->told_len++] = '-';
}

static void
check_told(const char *row, const char *wanted)
{
	check_text(row, ((struct span){ room.told, room.told_len }), wanted);
	room.told_len = 0;
}

static int
open_room(void **state)
{
	(void)state;
	room = (struct room){ .base = event_base_new() };
	room.clients = clients_new(room.base, MAX, close_seat, left, &room);
	return 0;
}

static int
close_room(void **state)
{
	(void)state;
	clients_free(room.clients);
	event_base_free(room.base);
	return 0;
}

static void
join(int letter)
{
	clients_join(room.clients, &room.seats[letter - 'a']);
}

static void
move(int letter, enum client_state to)
{
	uint64_t now = clock_us();

	clients_move(room.clients, &room.seats[letter - 'a'], to);
	while (clock_us() == now)
		; /* so that there is an order */
}

/* Past the maximum the one goes that was quiet for longest. */
TEST(order)
{
	static const struct {
		const char *name;
		enum client_state states[MAX]; /* in the order of changes */
		const char *told;
	} rows[] = {
		{ "all read",
		    { CLIENT_READING, CLIENT_READING, CLIENT_READING }, "a-" },
		{ "all idle", { CLIENT_IDLE, CLIENT_IDLE, CLIENT_IDLE }, "a-" },
		{ "one works", { CLIENT_WORKING, CLIENT_IDLE, CLIENT_READING },
		    "b-" },
		{ "two work", { CLIENT_ANSWERING, CLIENT_WORKING, CLIENT_IDLE },
		    "c-" },
		{ "idle after reading",
		    { CLIENT_READING, CLIENT_IDLE, CLIENT_IDLE }, "a-" },
		{ "reading after idle",
		    { CLIENT_IDLE, CLIENT_READING, CLIENT_WORKING }, "a-" },
		{ "one lingers", { CLIENT_IDLE, CLIENT_IDLE, CLIENT_LINGERING },
		    "c-" },
		{ "all work",
		    { CLIENT_WORKING, CLIENT_WORKING, CLIENT_ANSWERING }, "" },
	};

	for (EACH(r, rows)) {
		(void)open_room(NULL);
		for (int c = 'a'; c < 'a' + MAX; c++)
			join(c);
		for (size_t i = 0; i < MAX; i++)
			move('a' + (int)i, r->states[i]);
		check_told(r->name, "");
		join('d');
		check_told(r->name, r->told);
		check_number(r->name, room.seats[3].state,
		    r->told[0] == '\0' ? CLIENT_SURPLUS : CLIENT_READING);
		check_number(r->name, clients_count(room.clients),
		    r->told[0] == '\0' ? MAX + 1 : MAX);
		(void)close_room(NULL);
	}
}

/* Those past the maximum are few, and count as such until they leave. */
TEST(surplus)
{
	int c = 'a';

	for (; c < 'a' + MAX; c++) {
		join(c);
		move(c, CLIENT_WORKING);
	}
	assert_int_equal(clients_busy(room.clients), MAX);
	for (size_t i = 0; i < CLIENTS_SURPLUS_MAX; i++, c++) {
		assert_false(clients_are_full(room.clients));
		join(c);
		assert_int_equal(room.seats[c - 'a'].state, CLIENT_SURPLUS);
	}
	assert_true(clients_are_full(room.clients));
	assert_int_equal(clients_evict(room.clients, 9), 0);
	clients_leave(room.clients, &room.seats[0]);
	assert_false(clients_are_full(room.clients));
	join('a');
	assert_int_equal(room.seats[0].state, CLIENT_READING);
	assert_int_equal(clients_busy(room.clients), MAX - 1);
}

TEST(evicted)
{
	join('a');
	join('b');
	join('c');
	move('b', CLIENT_WORKING);
	assert_int_equal(clients_evict(room.clients, 0), 0);
	check_told("none", "");
	assert_int_equal(clients_evict(room.clients, 5), 2);
	check_told("all that are quiet", "a-c-");
	assert_int_equal(clients_count(room.clients), 1);
}

/* One that is not known is no success, and no refusal that is one's fault. */
TEST(statuses)
{
	for (size_t i = 0; i < CODES; i++)
		assert_int_equal(code_index(code_at(i)), i);
	assert_int_equal(code_at(code_index(299)), 500);
	assert_int_equal(code_at(0), 200);
}

#define IN_ROOM(name)                                                          \
	cmocka_unit_test_setup_teardown(name, open_room, close_room)

TESTS("clients", T(order), IN_ROOM(surplus), IN_ROOM(evicted), T(statuses))
