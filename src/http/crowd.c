#include "http/crowd.h"

#include <errno.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "http/tls.h"

/* Of one client, and of all of them. */
#define WRITE_BYTES_MAX (1U << 20)
#define WRITE_BYTES_MIN (4U << 10)
#define TURN_WRITE_BYTES_MAX (4U << 20)

/* More clients than this are a crowd. */
#define CROWD 64

static size_t
crowd_share(size_t busy)
{
	size_t share = TURN_WRITE_BYTES_MAX / busy;

	if (share > WRITE_BYTES_MAX)
		return WRITE_BYTES_MAX;
	return share > WRITE_BYTES_MIN ? share : WRITE_BYTES_MIN;
}

int
crowd_write(struct bufferevent *bev, int fd, bool is_tls, struct evbuffer *out,
    size_t busy)
{
	size_t share = crowd_share(busy);

	if (!is_tls && evbuffer_write_atmost(out, fd, (ev_ssize_t)share) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		return -1;
	if (evbuffer_get_length(out) > 0) {
		(void)bufferevent_set_max_single_write(bev, share);
		(void)bufferevent_write_buffer(bev, out);
	}
	if (is_tls)
		server_tls_write(bev, share);
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
