#include "http/crowd.h"

#include <errno.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "http/body.h"
#include "http/tls.h"

/* Of one client, and of all of them in a turn. */
#define WRITE_BYTES_MAX (1U << 20)
#define TURN_WRITE_BYTES_MAX (8U << 20)

/*
 * A piece of what is left of an answer to a crowd: most answers whole, and few
 * enough microseconds to stop behind each.
 */
#define PIECE_BYTES (64U << 10)

/* So much unsent weighs more than the wait of others. */
#define UNSENT_BYTES (BODY_UNSENT_MAX / 4)

/* More clients than this are a crowd. */
#define CROWD 64

/* libevent looks at the clock once a turn, so that another time is another. */
static void
crowd_turn(struct crowd *crowd, struct bufferevent *bev)
{
	struct timeval now;

	(void)event_base_gettimeofday_cached(bufferevent_get_base(bev), &now);
	if (now.tv_sec == crowd->turn.tv_sec &&
	    now.tv_usec == crowd->turn.tv_usec &&
	    outbox_unsent(crowd->outbox) < UNSENT_BYTES)
		return;
	crowd->turn = now;
	crowd->left = TURN_WRITE_BYTES_MAX;
}

static int
write_now(struct crowd *crowd, int fd, struct evbuffer *out)
{
	size_t most =
	    crowd->left < WRITE_BYTES_MAX ? crowd->left : WRITE_BYTES_MAX;
	int n;

	if (most == 0)
		return 0;
	n = evbuffer_write_atmost(out, fd, (ev_ssize_t)most);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	crowd->left -= (size_t)n;
	return 0;
}

static void
write_records(struct crowd *crowd, struct bufferevent *bev, size_t piece)
{
	const struct evbuffer *out = bufferevent_get_output(bev);
	size_t before = evbuffer_get_length(out), written;

	server_tls_write(bev, crowd->left < piece ? crowd->left : piece);
	written = before - evbuffer_get_length(out);
	crowd->left -= written < crowd->left ? written : crowd->left;
}

int
crowd_write(struct crowd *crowd, struct bufferevent *bev, int fd, bool is_tls,
    struct evbuffer *out, size_t busy)
{
	size_t piece = crowd_is_there(busy) ? PIECE_BYTES : WRITE_BYTES_MAX;

	crowd_turn(crowd, bev);
	if (!is_tls && write_now(crowd, fd, out) < 0)
		return -1;
	if (evbuffer_get_length(out) > 0) {
		(void)bufferevent_set_max_single_write(bev, piece);
		(void)bufferevent_write_buffer(bev, out);
	}
	if (is_tls)
		write_records(crowd, bev, piece);
	return 0;
}

bool
crowd_is_there(size_t busy)
{
	return busy > CROWD;
}

bool
crowd_set_later(struct bufferevent *bev, bool later)
{
	return bufferevent_priority_set(
		   bev, later ? CROWD_PRIORITY_LATER : CROWD_PRIORITY) == 0;
}
