#include "http/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <event2/buffer.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "http/accept.h"
#include "http/body.h"
#include "http/client.h"
#include "http/code.h"
#include "http/path.h"
#include "http/query.h"
#include "http/web.h"

/* Of the header of an answer, at most. */
#define LINES_BYTES_MAX (64U << 10)

/* Of a sentence, with what is escaped in it. */
#define SENTENCE_BYTES_MAX (8 * ERROR_TEXT_MAX)

struct request {
	struct request_env *env;
	struct client *client;
	const struct head *head; /* the client's */
	struct span path;
	char *decoded; /* what path is in, if it had to be */
	struct query query;
	struct buf lines; /* of the answer's header */
	uint64_t arrived;
	uint64_t *counts;
	size_t *place; /* NULL: none is held */
	void *owner;
};

void
request_env_init(struct request_env *env, struct web *web)
{
	*env = (struct request_env){ .web = web,
		.outbox = outbox_new(),
		.out = xnonnull(evbuffer_new()) };
}

void
request_env_release(struct request_env *env)
{
	evbuffer_free(env->out);
	outbox_free(env->outbox);
}

/* Removes the lines of that name. */
static void
remove_lines(struct buf *lines, const char *name)
{
	size_t n = strlen(name), at = 0, len;

	for (; at < lines->len; at += len) {
		char *line = lines->p + at;

		len = (size_t)((char *)memchr(line, '\n', lines->len - at) -
			       line) +
		      1;
		if (len <= n || line[n] != ':' ||
		    strncasecmp(line, name, n) != 0)
			continue;
		memmove(line, line + len, lines->len - at - len);
		lines->len -= len;
		len = 0;
	}
}

static void
add_line(struct buf *lines, const char *name, struct span value)
{
	buf_add_str(lines, name);
	buf_add_str(lines, ": ");
	buf_add_span(lines, value);
	buf_add_str(lines, "\r\n");
}

void
request_add_header(struct request *r, const char *name, const char *value)
{
	add_line(&r->lines, name, span_of(value));
}

/* What is set for all comes before what an answer says of itself. */
static void
add_configured(const char *name, const char *value, void *arg)
{
	struct request *r = arg;

	remove_lines(&r->lines, name);
	request_add_header(r, name, value);
}

/* In the form of RFC 9110, section 5.6.7, made once a second. */
static const char *
date_now(struct request_env *env)
{
	time_t now = time(NULL);
	struct tm tm;

	if (env->date_at == now)
		return env->date;
	env->date_at = now;
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(env->date, sizeof(env->date), "%a, %d %b %Y %H:%M:%S GMT",
		&tm) == 0)
		env->date[0] = '\0';
	return env->date;
}

static bool
wants_gzip(const struct request *r)
{
	struct buf accepted;
	bool wants;

	buf_init(&accepted, HEAD_BYTES_MAX);
	request_header_list(r, "Accept-Encoding", &accepted);
	wants = accepted.len > 0 &&
		accept_gzip((struct span){ accepted.p, accepted.len });
	buf_release(&accepted);
	return wants;
}

/* An answer to HEAD is as long as that to GET, and has no body. */
static void
add_length(struct request *r)
{
	size_t len = evbuffer_get_length(r->env->out);
	char text[24];

	(void)snprintf(text, sizeof(text), "%zu", len);
	request_add_header(r, "Content-Length", text);
	if (span_is(r->head->method, "HEAD"))
		(void)evbuffer_drain(r->env->out, len);
}

static void
add_connection(struct request *r)
{
	if (r->env->closing)
		client_set_last(r->client);
	if (client_is_last(r->client))
		request_add_header(r, "Connection", "close");
	else if (r->head->is_http10)
		request_add_header(r, "Connection", "keep-alive");
}

/* In front of the body. */
static void
add_head(struct request *r, size_t status)
{
	struct buf first;

	buf_init(&first, LINES_BYTES_MAX);
	(void)buf_reserve(&first, 128 + r->lines.len);
	buf_add_str(&first, "HTTP/1.1 ");
	buf_add_u64(&first, (uint64_t)code_at(status));
	buf_add_char(&first, ' ');
	buf_add_str(&first, code_phrase(status));
	buf_add_str(&first, "\r\n");
	add_line(&first, "Date", span_of(date_now(r->env)));
	buf_add(&first, r->lines.p, r->lines.len);
	buf_add_str(&first, "\r\n");
	(void)evbuffer_prepend(r->env->out, first.p, first.len);
	buf_release(&first);
}

static void
request_free(struct request *r)
{
	if (r->place != NULL)
		--*r->place;
	r->env->under_way--;
	query_release(&r->query);
	buf_release(&r->lines);
	free(r->decoded);
	free(r);
}

/* The end of a request with an answer, whose body is in env->out. */
static void
finish(struct request *r, int code, const char *type)
{
	struct client *client = r->client;
	struct request_env *env = r->env;
	size_t status = code_index(code);

	r->counts[status]++;
	request_add_header(r, "Content-Type", type);
	/* it holds what peers say: never to be taken for anything else */
	request_add_header(r, "X-Content-Type-Options", "nosniff");
	request_add_header(r, "Vary", "Accept, Accept-Encoding");
	add_length(r);
	add_connection(r);
	web_each_header(env->web, add_configured, r);
	add_head(r, status);
	request_free(r);
	client_answer(client, env->out);
}

void
request_drop(struct request *r)
{
	struct client *client = r->client;
	struct evbuffer *out = r->env->out;

	request_free(r);
	client_answer(client, out);
}

void
request_answer_as(struct request *r, int code, const char *content_type,
    struct body *body, struct span tail)
{
	bool gzip = wants_gzip(r);

	if (outbox_put(r->env->outbox, body, tail, &gzip, r->env->out) < 0) {
		request_say_later(r, 503, 1,
		    "Too many answers wait for clients that do not read "
		    "them.");
		return;
	}
	if (gzip)
		request_add_header(r, "Content-Encoding", "gzip");
	finish(r, code, content_type);
}

void
request_answer(struct request *r, const char *content_type, struct body *body,
    struct span tail)
{
	request_answer_as(r, 200, content_type, body, tail);
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
	struct buf text;

	/* an error of the configuration may hold what a terminal obeys */
	buf_init(&text, SENTENCE_BYTES_MAX);
	escape_line(&text, sentence);
	buf_add_char(&text, '\n');
	(void)evbuffer_add(r->env->out, text.p, text.len);
	buf_release(&text);
	finish(r, code, "text/plain; charset=utf-8");
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

void
request_redirect(struct request *r, struct span path)
{
	struct buf to;

	/* three bytes for one at most, and the head was not longer */
	buf_init(&to, 4 * HEAD_BYTES_MAX);
	path_encode(path, &to);
	if (r->head->query.len > 0) {
		buf_add_char(&to, '?');
		buf_add_span(&to, r->head->query);
	}
	add_line(&r->lines, "Location", (struct span){ to.p, to.len });
	buf_release(&to);
	request_say(r, 307, "The path has another form here: see Location.");
}

bool
request_is_wanted(const struct request *r)
{
	return client_is_open(r->client);
}

uint64_t
request_arrived(const struct request *r)
{
	return r->arrived;
}

struct span
request_header(const struct request *r, const char *name)
{
	return head_value(r->head, name);
}

void
request_header_list(const struct request *r, const char *name, struct buf *out)
{
	struct span rest = r->head->fields;
	struct head_field f;

	while (head_next(&rest, &f)) {
		if (f.name.len != strlen(name) ||
		    strncasecmp(f.name.p, name, f.name.len) != 0)
			continue;
		if (out->len > 0)
			buf_add_char(out, ',');
		buf_add_span(out, f.value);
	}
}

int
request_read_query(struct request *r, struct error *e)
{
	struct span text = r->head->query;

	return text.len > 0 ? query_init(&r->query, text, e) : 0;
}

const struct query *
request_query(const struct request *r)
{
	return &r->query;
}

struct span
request_path(const struct request *r)
{
	return r->path;
}

struct span
request_method(const struct request *r)
{
	return r->head->method;
}

bool
request_is_late(const struct request *r)
{
	return r->env->closing;
}

void *
request_owner(const struct request *r)
{
	return r->owner;
}

void
request_set_owner(struct request *r, void *owner, uint64_t *counts)
{
	r->owner = owner;
	r->counts = counts;
}

void
request_hold_place(struct request *r, size_t *n)
{
	++*n;
	r->place = n;
}

static struct span
decode(struct request *r, struct span path)
{
	if (path.len == 0 || memchr(path.p, '%', path.len) == NULL)
		return path;
	r->decoded = xmalloc(path.len);
	path.len = path_decode(path, r->decoded);
	path.p = r->decoded;
	return path;
}

uint64_t
request_origin(const struct request *r)
{
	return client_origin(r->client);
}

struct request *
request_new(struct client *client, struct request_env *env)
{
	struct request *r = xcalloc(1, sizeof(*r));

	r->env = env;
	r->client = client;
	r->head = client_head(client);
	r->path = decode(r, r->head->path);
	r->arrived = clock_us();
	buf_init(&r->lines, LINES_BYTES_MAX);
	(void)buf_reserve(&r->lines, 256);
	env->under_way++;
	return r;
}
