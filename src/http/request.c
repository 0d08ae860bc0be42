#include "http/request.h"

#include <sys/queue.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "http/accept.h"
#include "http/body.h"
#include "http/clients.h"
#include "http/query.h"
#include "http/server.h"
#include "http/tls.h"
#include "http/web.h"

static const struct {
	int code;
	const char *phrase;
} statuses[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 413, "Content Too Large" },
	{ 417, "Expectation Failed" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};
_Static_assert(nitems(statuses) == REQUEST_STATUSES, "a count for each");

struct request {
	const struct request_env *env;
	struct client *client;
	struct evhttp_request *ev;
	struct query query;
	uint64_t arrived;
	uint64_t *counts;
	void *owner;
	bool is_last;
};

size_t
request_status_index(int code)
{
	size_t i = 0;

	while (i < nitems(statuses) - 1 && statuses[i].code != code)
		i++;
	return i;
}

int
request_status_code(size_t index)
{
	return statuses[index].code;
}

const char *
request_status_phrase(int code)
{
	return statuses[request_status_index(code)].phrase;
}

static void
on_written(struct evhttp_request *ev, void *arg)
{
	struct client *c = arg;

	client_end(c);
	/* evhttp would keep it open, for the tunnel that it is not */
	if (evhttp_request_get_command(ev) == EVHTTP_REQ_CONNECT)
		client_hang_up(c);
}

void
request_add_header(struct request *r, const char *name, const char *value)
{
	(void)evhttp_add_header(
	    evhttp_request_get_output_headers(r->ev), name, value);
}

static void
add_configured(const char *name, const char *value, void *arg)
{
	struct request *r = arg;
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r->ev);

	/* what is set for all comes before what an answer says of itself */
	(void)evhttp_remove_header(headers, name);
	(void)evhttp_add_header(headers, name, value);
}

/*
 * Writes what the socket takes now; libevent would first go through all that
 * has happened meanwhile, with the answers of a whole fleet in memory.
 */
static void
write_now(const struct request *r, struct bufferevent *bev)
{
	struct evbuffer *out = bufferevent_get_output(bev);
	bool plain = !web_has_tls(r->env->web);

	if (plain) {
		(void)evbuffer_unfreeze(out, 1);
		(void)evbuffer_write(out, bufferevent_getfd(bev));
		(void)evbuffer_freeze(out, 1);
	} else {
		server_tls_write(bev);
	}
	if (evbuffer_get_length(out) > 0)
		return;
	/* it would wait for the socket only to find that all is written */
	if (plain)
		(void)bufferevent_disable(bev, EV_WRITE);
	bufferevent_trigger(bev, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

static bool
wants_gzip(const struct request *r)
{
	struct buf accepted;
	bool wants;

	buf_init(&accepted, SERVER_HEADER_MAX);
	request_header_list(r, "Accept-Encoding", &accepted);
	wants = accepted.len > 0 &&
		accept_gzip((struct span){ accepted.p, accepted.len });
	buf_release(&accepted);
	return wants;
}

/* An answer to HEAD is as long as that to GET, and has no body. */
static void
set_length(struct request *r, struct evbuffer *out)
{
	size_t len = evbuffer_get_length(out);
	char text[24];

	(void)snprintf(text, sizeof(text), "%zu", len);
	request_add_header(r, "Content-Length", text);
	if (evhttp_request_get_command(r->ev) == EVHTTP_REQ_HEAD)
		(void)evbuffer_drain(out, len);
}

/* The only end of a request: takes the body. */
static void
finish(struct request *r, int code, const char *type, struct evbuffer *out)
{
	struct evhttp_connection *conn = evhttp_request_get_connection(r->ev);

	r->counts[request_status_index(code)]++;
	request_add_header(r, "Content-Type", type);
	/* it holds what peers say: never to be taken for anything else */
	request_add_header(r, "X-Content-Type-Options", "nosniff");
	request_add_header(r, "Vary", "Accept, Accept-Encoding");
	web_each_header(r->env->web, add_configured, r);
	set_length(r, out);
	if (r->is_last || r->env->closing)
		request_add_header(r, "Connection", "close");
	client_answer(r->client);
	evhttp_request_set_on_complete_cb(r->ev, on_written, r->client);
	evhttp_send_reply(r->ev, code, request_status_phrase(code), out);
	if (conn != NULL)
		write_now(r, evhttp_connection_get_bufferevent(conn));
	evbuffer_free(out);
	query_release(&r->query);
	free(r);
}

void
request_answer(struct request *r, const char *content_type, struct body *body,
    struct span tail)
{
	struct evbuffer *out = xnonnull(evbuffer_new());
	bool gzip = wants_gzip(r);

	if (outbox_put(r->env->outbox, body, tail, &gzip, out) < 0) {
		evbuffer_free(out);
		request_say_later(r, 503, 1,
		    "Too many answers wait for clients that do not read "
		    "them.");
		return;
	}
	if (gzip)
		request_add_header(r, "Content-Encoding", "gzip");
	finish(r, 200, content_type, out);
}

void
request_answer_text(
    struct request *r, const char *content_type, struct buf *text)
{
	struct body *body = body_new(text);

	request_answer(r, content_type, body, span_of(""));
	body_release(body);
}

void
request_say(struct request *r, int code, const char *sentence)
{
	struct evbuffer *out = xnonnull(evbuffer_new());

	(void)evbuffer_add(out, sentence, strlen(sentence));
	(void)evbuffer_add(out, "\n", 1);
	finish(r, code, "text/plain; charset=utf-8", out);
}

void
request_say_later(
    struct request *r, int code, uint64_t seconds, const char *sentence)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, seconds);
	request_add_header(r, "Retry-After", text);
	request_say(r, code, sentence);
}

uint64_t
request_arrived(const struct request *r)
{
	return r->arrived;
}

const char *
request_header(const struct request *r, const char *name)
{
	return evhttp_find_header(
	    evhttp_request_get_input_headers(r->ev), name);
}

void
request_header_list(const struct request *r, const char *name, struct buf *out)
{
	const struct evkeyval *kv;

	TAILQ_FOREACH (kv, evhttp_request_get_input_headers(r->ev), next) {
		if (evutil_ascii_strcasecmp(kv->key, name) != 0)
			continue;
		if (out->len > 0)
			buf_add_char(out, ',');
		buf_add_str(out, kv->value);
	}
}

int
request_read_query(struct request *r, struct error *e)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->ev);
	const char *text = uri != NULL ? evhttp_uri_get_query(uri) : NULL;

	return text != NULL ? query_init(&r->query, text, e) : 0;
}

const struct query *
request_query(const struct request *r)
{
	return &r->query;
}

/*
 * The path that was asked for. evhttp reads "//x" as a host; only what begins
 * with a scheme has one (RFC 9112, section 3.2).
 */
struct span
request_path(const struct request *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->ev);
	const char *path = evhttp_request_get_uri(r->ev);

	if (path[0] != '/')
		path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	if (path == NULL || path[0] == '\0')
		path = "/";
	return (struct span){ path, strcspn(path, "?#") };
}

bool
request_is(const struct request *r, enum request_kind kind)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(r->ev);

	if (kind == REQUEST_POST)
		return method == EVHTTP_REQ_POST;
	return method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD;
}

void *
request_owner(const struct request *r)
{
	return r->owner;
}

void
request_set_last(struct request *r)
{
	r->is_last = true;
}

void
request_set_owner(struct request *r, void *owner, uint64_t *counts)
{
	r->owner = owner;
	r->counts = counts;
}

struct request *
request_new(struct evhttp_request *ev, struct client *client,
    const struct request_env *env)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->env = env;
	r->client = client;
	r->ev = ev;
	r->arrived = clock_us();
	return r;
}
