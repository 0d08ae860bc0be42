/*
 * A client without a socket, in place of http/client.c, and scrapes that end
 * as the input says, in place of scrape.c and of what it asks. What is between
 * them is the program's: the head of a request, limits, routes, the query, the
 * negotiation, and the answer, which has to be a whole one of HTTP.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <event2/buffer.h>
#include <event2/event.h>

#include "fuzz.h"
#include "http/body.h"
#include "http/client.h"
#include "http/inbox.h"
#include "http/server.h"
#include "http/web.h"
#include "memcached/modules.h"
#include "pools/pools.h"
#include "scrape.h"
#include "scrape_http.h"
#include "scrape_pool.h"

#define METRICS "memcached_up 1\n"

/* Of the byte that says what happens beside the requests. */
enum happening {
	HAPPENS_SURPLUS = 1, /* one client too many */
	HAPPENS_LEAVES = 2,  /* the client, while it waits */
	HAPPENS_LATER = 4,   /* the end of a scrape */
	HAPPENS_LONG = 8,    /* an answer */
	HAPPENS_SHIFT = 4    /* how a scrape ends, of enum ending */
};

enum ending {
	ENDING_UP,
	ENDING_FORBIDDEN,
	ENDING_BUSY,
	ENDING_TOO_LARGE,
	ENDINGS
};

struct client {
	struct inbox inbox;
	struct head head;
	enum head_fault fault;
	unsigned happening;
	bool busy, open, last;
	struct client_env *env;
	scrape_fn *done; /* of a scrape that has not ended */
	void *arg;
};

static struct client client;
static struct client_env *client_env;

/* ---- The client */

void
client_env_init(struct client_env *env, struct event_base *base,
    struct web *web, size_t max, void (*request)(struct client *c, void *arg),
    void (*left)(void *arg), void *arg)
{
	(void)max;
	(void)left;
	client_env = env;
	*env = (struct client_env){
		.base = base, .web = web, .request = request, .arg = arg
	};
}

void
client_env_release(struct client_env *env)
{
	(void)env;
}

void
client_accept(struct client_env *env, int fd)
{
	(void)env;
	(void)fd;
}

const struct head *
client_head(const struct client *c)
{
	return &c->head;
}

enum head_fault
client_fault(const struct client *c)
{
	return c->fault;
}

bool
client_is_surplus(const struct client *c)
{
	return c->happening & HAPPENS_SURPLUS;
}

bool
client_is_open(const struct client *c)
{
	return c->open;
}

uint64_t
client_origin(const struct client *c)
{
	(void)c;
	return 1;
}

void
client_set_last(struct client *c)
{
	c->last = true;
}

bool
client_is_last(const struct client *c)
{
	return c->last;
}

/* No line of the answer's header comes from the client. */
static bool
is_ours(struct span line)
{
	static const char *const names[] = { "Date: ", "Content-Type: ",
		"X-Content-Type-Options: nosniff", "Vary: ", "Content-Length: ",
		"Connection: ", "Content-Encoding: gzip",
		"Retry-After: ", "Allow: ", "Location: /" };

	for (size_t i = 0; i < line.len; i++) {
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == '\x7f')
			return false;
	}
	for (size_t i = 0; i < nitems(names); i++) {
		if (span_begins(line, names[i]))
			return true;
	}
	return false;
}

static void
check_answer(const struct client *c, struct span answer)
{
	const char *end;
	struct span line;
	size_t length = SIZE_MAX;

	assert(span_begins(answer, "HTTP/1.1 "));
	end = memchr(answer.p, '\n', answer.len);
	for (;;) {
		assert(end != NULL && end > answer.p && end[-1] == '\r');
		answer.len -= (size_t)(end + 1 - answer.p);
		answer.p = end + 1;
		end = memchr(answer.p, '\n', answer.len);
		assert(end != NULL && end > answer.p);
		line = (struct span){ answer.p, (size_t)(end - answer.p) - 1 };
		if (line.len == 0)
			break;
		assert(is_ours(line));
		if (span_begins(line, "Content-Length: "))
			length = strtoul(line.p + 16, NULL, 10);
	}
	answer.len -= 2;
	assert(length != SIZE_MAX);
	assert(answer.len == (span_is(c->head.method, "HEAD") ? 0 : length));
}

void
client_answer(struct client *c, struct evbuffer *out)
{
	size_t len = evbuffer_get_length(out);

	assert(c->busy);
	c->busy = false;
	if (c->open) {
		assert(len > 0);
		check_answer(
		    c, (struct span){ (char *)evbuffer_pullup(out, -1), len });
	}
	(void)evbuffer_drain(out, len);
}

/* ---- The scrape */

struct modules *
scraper_modules(const struct scraper *s)
{
	(void)s;
	return NULL;
}

struct pools *
scraper_pools(const struct scraper *s)
{
	(void)s;
	return NULL;
}

const struct pool *
pools_find(const struct pools *ps, const char *name)
{
	(void)ps;
	return strcmp(name, "p") == 0 ? (const void *)&client : NULL;
}

const char *
pool_module(const struct pool *p)
{
	(void)p;
	return "";
}

struct module *
modules_own(const struct modules *ms)
{
	(void)ms;
	return (void *)&client;
}

struct module *
modules_find(const struct modules *ms, const char *name)
{
	return name != NULL && name[0] == 'x' ? NULL : modules_own(ms);
}

uint64_t
module_timeout(const struct module *m)
{
	(void)m;
	return 1000000;
}

unsigned
module_collectors(const struct module *m)
{
	(void)m;
	return 0xf;
}

static void
end_scrape(scrape_fn *done, void *arg)
{
	enum ending ending = client.happening >> HAPPENS_SHIFT & (ENDINGS - 1);
	struct scraped scraped = { .tail = span_of("memcached_t 1\n") };
	struct error why;
	struct buf text;

	if (ending == ENDING_FORBIDDEN || ending == ENDING_BUSY) {
		(void)error_because(&why,
		    ending == ENDING_BUSY ? REASON_BUSY : REASON_FORBIDDEN,
		    "a\r\nb: c\x01");
		scraped.down = &why;
	}
	if (ending == ENDING_UP) {
		buf_init(&text, 1U << 20);
		for (int n = client.happening & HAPPENS_LONG ? 500 : 1; n > 0;
		     n--)
			buf_add_str(&text, METRICS);
		scraped.body = body_new(&text);
	}
	done(&scraped, arg);
	body_release(scraped.body);
}

void
scrape_start(struct scraper *all, const struct scrape_options *options,
    scrape_fn *done, void *arg)
{
	(void)all;
	assert(options->timeout_us > 0 && options->timeout_us <= 1000000);
	if (client.happening & HAPPENS_LATER) {
		client.done = done;
		client.arg = arg;
	} else {
		end_scrape(done, arg);
	}
}

void
scrape_start_default(struct scraper *all, const struct scrape_options *options,
    scrape_fn *done, void *arg)
{
	scrape_start(all, options, done, arg);
}

void
scrape_start_pool(struct scraper *all, const struct pool *pool,
    const struct scrape_options *options, scrape_fn *done, void *arg)
{
	assert(pool != NULL);
	scrape_start(all, options, done, arg);
}

/* ---- For the fuzzer */

/* Takes the next request of what has come, as client.c does. */
static bool
exchange(struct evbuffer *input)
{
	struct client *c = &client;

	c->fault = inbox_read(&c->inbox, input, &c->head);
	if (c->fault == HEAD_PARTIAL)
		return false;
	c->last = c->fault != HEAD_FINE || !c->head.keeps_alive;
	c->busy = c->open = true;
	client_env->request(c, client_env->arg);
	if (c->busy) {
		c->open = !(c->happening & HAPPENS_LEAVES);
		end_scrape(c->done, c->arg);
	}
	assert(!c->busy);
	if (c->fault == HEAD_FINE)
		inbox_drop(&c->inbox, c->head.len);
	return !c->last;
}

static struct server *
new_server(void)
{
	struct event_base *base = event_base_new();
	struct error e;
	struct server *s = server_new(base, web_new(base, "", &e), 10, 1000);

	server_route_scrape(s, "/metrics", scrape_serve, NULL);
	server_route_scrape(s, "/scrape", scrape_serve_target, NULL);
	server_route_post(s, "/-/reload", scrape_serve, NULL);
	return s;
}

#endif
