#include "pages/listing.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/body.h"
#include "http/request.h"
#include "memcached/targets.h"

/* Room for all that there can be, with long names and errors. */
#define LISTING_BYTES_MAX (64U << 20)

struct kept {
	struct body *body; /* NULL: too large */
	size_t limit;
};

struct listing {
	const struct targets *targets;
	const char *content_type;
	listing_fn *make;
	void *arg;
	struct kept kept[LISTING_KEPT_MAX];
	size_t len;
	struct event *over; /* of what is kept */
};

void
listing_forget(struct listing *l)
{
	while (l->len > 0)
		body_release(l->kept[--l->len].body);
	(void)event_del(l->over);
}

static void
on_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	listing_forget(arg);
}

struct listing *
listing_new(struct event_base *base, const struct targets *targets,
    const char *content_type, listing_fn *make, void *arg)
{
	struct listing *l = xcalloc(1, sizeof(*l));

	l->targets = targets;
	l->content_type = content_type;
	l->make = make;
	l->arg = arg;
	l->over = xnonnull(evtimer_new(base, on_over, l));
	return l;
}

void
listing_free(struct listing *l)
{
	if (l == NULL)
		return;
	listing_forget(l);
	event_free(l->over);
	free(l);
}

/* NULL when it is too large. */
static struct body *
listing_make(const struct listing *l, size_t limit)
{
	struct buf out;

	buf_init(&out, LISTING_BYTES_MAX);
	l->make(&out, l->targets, limit, l->arg);
	if (!out.full)
		return body_new(&out);
	buf_release(&out);
	return NULL;
}

/* What is kept, made if need be; NULL when there is no place for it. */
static const struct kept *
listing_keep(struct listing *l, size_t limit)
{
	struct timeval later = { LISTING_KEPT_SECONDS, 0 };
	struct kept *k;

	for (k = l->kept; k < l->kept + l->len; k++) {
		if (k->limit == limit)
			return k;
	}
	if (l->len == nitems(l->kept))
		return NULL;
	if (l->len++ == 0)
		(void)event_add(l->over, &later);
	*k = (struct kept){ listing_make(l, limit), limit };
	return k;
}

static void
listing_answer(const struct listing *l, struct request *r, struct body *body)
{
	if (body == NULL)
		request_say(r, 500, "The list of targets is too large.");
	else
		request_answer(r, l->content_type, body, span_of(""));
}

void
listing_serve(struct listing *l, struct request *r, size_t limit)
{
	const struct kept *k;
	struct body *body;

	if (targets_count(l->targets) > LISTING_FRESH_TARGETS) {
		k = listing_keep(l, limit);
		if (k == NULL)
			request_say_later(r, 503, 1,
			    "Too many different limits in one second.");
		else
			listing_answer(l, r, k->body);
		return;
	}
	body = listing_make(l, limit);
	listing_answer(l, r, body);
	body_release(body);
}
