#include "http/routes.h"

#include <sys/queue.h>

#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/code.h"
#include "http/head.h"
#include "http/path.h"
#include "http/request.h"

struct route {
	STAILQ_ENTRY(route) entry;
	struct routes *all;
	enum route_kind kind;
	const char *path;
	route_fn *serve;
	void *arg;
	uint64_t counts[CODES];
};

struct routes {
	STAILQ_HEAD(, route) list;
	struct route other; /* paths that are none of the list */
	size_t scrapes;     /* under way */
	size_t scrapes_max; /* 0: no limit */
};

static route_fn serve_other, serve_scrape, serve_page;

static const struct {
	const char *const methods[2];
	const char *allow;
	const char *sentence;
	void (*serve)(struct request *r, void *route);
} kinds[] = {
	[ROUTE_GET] = { { "GET", "HEAD" }, "GET, HEAD",
	    "Method not allowed: use GET or HEAD.", serve_page },
	[ROUTE_SCRAPE] = { { "GET", "HEAD" }, "GET, HEAD",
	    "Method not allowed: use GET or HEAD.", serve_scrape },
	[ROUTE_POST] = { { "POST", "POST" }, "POST",
	    "Method not allowed: use POST.", serve_page },
};
_Static_assert(nitems(kinds) == ROUTE_KINDS, "a row for each");

struct routes *
routes_new(void)
{
	struct routes *rs = xcalloc(1, sizeof(*rs));

	STAILQ_INIT(&rs->list);
	rs->other.path = "other";
	rs->other.all = rs;
	rs->other.serve = serve_other;
	rs->other.arg = rs;
	return rs;
}

void
routes_free(struct routes *rs)
{
	struct route *r;

	if (rs == NULL)
		return;
	while ((r = STAILQ_FIRST(&rs->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&rs->list, entry);
		free(r);
	}
	free(rs);
}

void
routes_add(struct routes *rs, enum route_kind kind, const char *path,
    route_fn *serve, void *arg)
{
	struct route *r;

	if (routes_find(rs, span_of(path)) != &rs->other)
		return;
	r = xcalloc(1, sizeof(*r));
	r->all = rs;
	r->kind = kind;
	r->path = path;
	r->serve = serve;
	r->arg = arg;
	STAILQ_INSERT_TAIL(&rs->list, r, entry);
}

void
routes_limit_scrapes(struct routes *rs, size_t max)
{
	rs->scrapes_max = max;
}

struct route *
routes_find(struct routes *rs, struct span path)
{
	struct route *r;

	STAILQ_FOREACH (r, &rs->list, entry) {
		if (span_is(path, r->path))
			return r;
	}
	return &rs->other;
}

struct route *
routes_other(struct routes *rs)
{
	return &rs->other;
}

uint64_t *
route_counts(struct route *route)
{
	return route->counts;
}

/*
 * "//metrics", "/./metrics" and "/a/../metrics" lead to /metrics, as Go's
 * ServeMux has it.
 */
static void
serve_other(struct request *r, void *arg)
{
	struct routes *rs = arg;
	struct span path = request_path(r);
	struct buf clean;

	buf_init(&clean, HEAD_BYTES_MAX);
	path_clean(path, &clean);
	path = (struct span){ clean.p, clean.len };
	if (routes_find(rs, path) != &rs->other)
		request_redirect(r, path);
	else
		request_say(r, 404, "Not found. See / for the list of pages.");
	buf_release(&clean);
}

static void
serve_page(struct request *r, void *arg)
{
	struct route *route = arg;

	route->serve(r, route->arg);
}

/* Past the limit in the words of promhttp, which has the same. */
static void
serve_scrape(struct request *r, void *arg)
{
	struct route *route = arg;
	struct routes *rs = route->all;
	struct error e;

	if (rs->scrapes_max == 0 || rs->scrapes < rs->scrapes_max) {
		request_hold_place(r, &rs->scrapes);
		route->serve(r, route->arg);
		return;
	}
	(void)error_set(&e,
	    "Limit of concurrent requests reached (%zu), try again later.",
	    rs->scrapes_max);
	request_say(r, 503, e.text);
}

static bool
allows(enum route_kind kind, struct span method)
{
	return span_is(method, kinds[kind].methods[0]) ||
	       span_is(method, kinds[kind].methods[1]);
}

void
route_serve(struct route *route, struct request *r)
{
	enum route_kind kind = route->kind;
	struct error e;

	if (route == &route->all->other) {
		route->serve(r, route->arg);
	} else if (!allows(kind, request_method(r))) {
		request_add_header(r, "Allow", kinds[kind].allow);
		request_say(r, 405, kinds[kind].sentence);
	} else if (request_read_query(r, &e) < 0) {
		request_say(r, 400, e.text);
	} else {
		kinds[kind].serve(r, route);
	}
}

static void
each_count(const struct route *r, bool always, route_count_fn *each, void *arg)
{
	for (size_t i = 0; i < CODES; i++) {
		/* a route's 200 from the start, for increases */
		if (r->counts[i] > 0 || (i == 0 && always))
			each(r->path, code_at(i), r->counts[i], arg);
	}
}

void
routes_counts(const struct routes *rs, route_count_fn *each, void *arg)
{
	const struct route *r;

	STAILQ_FOREACH (r, &rs->list, entry)
		each_count(r, true, each, arg);
	each_count(&rs->other, false, each, arg);
}
