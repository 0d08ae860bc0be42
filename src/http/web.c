#include "http/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rate.h"
#include "config/web.h"
#include "http/sources.h"
#include "http/tls.h"

#define US_PER_S 1000000

/*
 * How often to look for changes. One is read when the look after it finds the
 * same: a file that is written bit by bit is whole then, nearly always.
 */
#define LOOK_US 400000

/*
 * After so many looks what could not be read is tried again: when that was not
 * the file's fault, no look finds it changed.
 */
#define RETRY_LOOKS 8

/* Why the files are read again. */
enum cause {
	CAUSE_ASKED,
	CAUSE_CHANGED,
	CAUSE_FAILED /* before */
};

/* What one reading of the files gave. */
struct reading {
	struct web_config config;
	struct server_tls *tls; /* NULL: none */
};

struct web {
	struct event_base *base;
	char *path;
	struct reading *now;
	struct sources sources; /* of the last reading, good or not */
	bool is_current;
	char fault[ERROR_TEXT_MAX]; /* of the last reading that was none */
	unsigned looks;             /* since the last reading */
	uint64_t read_at;
	struct auth *auth;
	struct rate rate;
	struct rate news; /* reloads, which clients may ask for */
	struct event *look;
};

static void
reading_free(struct reading *r)
{
	if (r == NULL)
		return;
	server_tls_free(r->tls);
	web_config_free(&r->config);
	free(r);
}

/* Sets the sources in any case. */
static struct reading *
reading_new(const char *path, struct sources *sources, struct error *e)
{
	struct reading *r = xcalloc(1, sizeof(*r));
	const struct web_tls *tls = &r->config.tls;

	sources_clear(sources);
	if (path[0] == '\0')
		return r;
	sources_add(sources, path);
	if (web_config_load(path, &r->config, e) < 0)
		goto fail;
	if (!r->config.has_tls)
		return r;
	sources_add(sources, tls->cert_file);
	sources_add(sources, tls->key_file);
	sources_add(sources, tls->client_ca_file);
	r->tls = server_tls_new(tls, e);
	if (r->tls != NULL)
		return r;
fail:
	reading_free(r);
	return NULL;
}

static void
use(struct web *w, struct reading *r)
{
	const struct web_config *c = &r->config;
	bool same_rate =
	    w->rate.interval_us == c->interval_us && w->rate.burst == c->burst;

	reading_free(w->now);
	w->now = r;
	w->is_current = true;
	w->read_at = (uint64_t)time(NULL);
	if (!same_rate)
		rate_init(&w->rate, c->interval_us, c->burst);
	auth_use(w->auth, c->users, c->users_len);
}

static bool
says_nothing(const struct web_config *c)
{
	return !c->has_tls && c->headers_len == 0 && c->users_len == 0 &&
	       c->open_paths == NULL && c->interval_us == 0;
}

/*
 * What clients speak cannot change under them. Unless a reload was asked for
 * the reading, an empty file is one that is about to be written, or damaged:
 * it must not open the door.
 */
static struct reading *
read_again(struct web *w, enum cause cause, struct error *e)
{
	struct reading *r = reading_new(w->path, &w->sources, e);
	bool emptied;

	if (r == NULL)
		return NULL;
	emptied = says_nothing(&r->config) && !says_nothing(&w->now->config);
	if ((r->tls != NULL) != (w->now->tls != NULL))
		(void)error_set(e, "%s: switches TLS %s, which takes a restart",
		    w->path, r->tls != NULL ? "on" : "off");
	else if (emptied && cause != CAUSE_ASKED)
		(void)error_set(e,
		    "%s: says nothing any more, which takes a SIGHUP", w->path);
	else
		return r;
	reading_free(r);
	return NULL;
}

/* A failure that goes on is no news. */
static void
tell_fault(struct web *w, enum cause cause, const char *fault)
{
	if (cause == CAUSE_FAILED && strcmp(fault, w->fault) == 0)
		return;
	log_news(&w->news, LEVEL_ERROR, "Web configuration not reloaded", "err",
	    fault);
	(void)snprintf(w->fault, sizeof(w->fault), "%s", fault);
}

static int
reload(struct web *w, enum cause cause, struct error *e)
{
	struct reading *r;

	if (w->path[0] == '\0')
		return 0;
	w->looks = 0;
	r = read_again(w, cause, e);
	w->is_current = r != NULL;
	if (r == NULL) {
		tell_fault(w, cause, e->text);
		return -1;
	}
	use(w, r);
	log_news(&w->news, LEVEL_INFO, "Web configuration reloaded", "file",
	    w->path);
	return 0;
}

int
web_reload(struct web *w, struct error *e)
{
	return reload(w, CAUSE_ASKED, e);
}

static void
look_later(struct web *w)
{
	struct timeval tv = { LOOK_US / US_PER_S, LOOK_US % US_PER_S };

	(void)event_add(w->look, &tv);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct web *w = arg;
	enum look found = sources_look(&w->sources);
	struct error e;

	(void)fd;
	(void)what;
	w->looks++;
	if (found == LOOK_CHANGED)
		(void)reload(w, CAUSE_CHANGED, &e);
	else if (found == LOOK_SAME && !w->is_current &&
		 w->looks >= RETRY_LOOKS)
		(void)reload(w, CAUSE_FAILED, &e);
	look_later(w);
}

struct web *
web_new(struct event_base *base, const char *path, struct error *e)
{
	struct web *w = xcalloc(1, sizeof(*w));
	struct reading *r = reading_new(path, &w->sources, e);

	if (r == NULL) {
		sources_clear(&w->sources);
		free(w);
		return NULL;
	}
	w->base = base;
	w->path = xstrdup(path);
	w->auth = auth_new(base);
	rate_init(&w->news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	w->look = xnonnull(evtimer_new(base, on_look, w));
	use(w, r);
	if (path[0] != '\0')
		look_later(w);
	return w;
}

void
web_free(struct web *w)
{
	if (w == NULL)
		return;
	event_free(w->look);
	auth_free(w->auth); /* while the rest is there for the answers */
	reading_free(w->now);
	sources_clear(&w->sources);
	free(w->path);
	free(w);
}

int
web_check(const char *path, struct error *e)
{
	struct sources sources = { 0 };
	struct reading *r = reading_new(path, &sources, e);
	bool ok = r != NULL;

	sources_clear(&sources);
	reading_free(r);
	return ok ? 0 : -1;
}

bool
web_is_current(const struct web *w)
{
	return w->is_current;
}

uint64_t
web_read_at(const struct web *w)
{
	return w->read_at;
}

bool
web_has_tls(const struct web *w)
{
	return w->now->tls != NULL;
}

struct bufferevent *
web_accept(struct web *w)
{
	if (w->now->tls != NULL)
		return server_tls_accept(w->now->tls, w->base);
	return xnonnull(
	    bufferevent_socket_new(w->base, -1, BEV_OPT_CLOSE_ON_FREE));
}

bool
web_holds(const struct web *w, struct bufferevent *bev)
{
	return w->now->tls == NULL || server_tls_holds(w->now->tls, bev);
}

uint64_t
web_wait_seconds(struct web *w, uint64_t now)
{
	return (rate_take(&w->rate, now) + US_PER_S - 1) / US_PER_S;
}

static bool
is_open(const struct web *w, struct span path)
{
	const struct web_list *open = w->now->config.open_paths;

	for (size_t i = 0; open != NULL && i < open->len; i++) {
		if (span_is(path, open->names[i]))
			return true;
	}
	return false;
}

void
web_admit(struct web *w, struct span path, const char *authorization,
    auth_from_fn *from, auth_fn *done, void *arg)
{
	if (!auth_is_needed(w->auth) || is_open(w, path))
		done(AUTH_RIGHT, arg);
	else
		auth_check(w->auth, authorization, from, done, arg);
}

void
web_each_header(const struct web *w, web_header_fn *each, void *arg)
{
	const struct web_config *c = &w->now->config;

	for (size_t i = 0; i < c->headers_len; i++)
		each(c->headers[i].name, c->headers[i].value, arg);
}
