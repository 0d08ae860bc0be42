#include "serve.h"

#include <sys/resource.h>

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/options.h"
#include "families.h"
#include "http/activation.h"
#include "http/listener.h"
#include "http/request.h"
#include "http/server.h"
#include "http/web.h"
#include "memcached/modules.h"
#include "memcached/targets.h"
#include "notify.h"
#include "pages/api.h"
#include "pages/assets.h"
#include "pages/landing.h"
#include "pages/locate.h"
#include "pages/sd.h"
#include "pages/target_page.h"
#include "pid_file.h"
#include "pools/pools.h"
#include "scrape.h"
#include "scrape_http.h"
#include "self.h"
#include "setup.h"
#include "signals.h"

/* What requests under way may still take when the end has been asked for. */
#define DRAIN_SECONDS 2

struct serving {
	const struct serve_env *env;
	const struct options *options;
	struct event_base *base;
	struct targets *targets;
	struct setup setup; /* the newest, held */
	struct web *web;
	struct server *server;
	struct self *self;
	struct scraper *scraper;
	struct api *api;
	struct sd sd;
	struct assets *assets;
	struct landing *landing;
	struct target_page *target_page;
	struct notify *notify;
	struct event *give_up;
	struct rate news; /* reloads, which clients may ask for */
};

/* As many descriptors as the system allows, which is no more than asking. */
static size_t
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

static void
stop_loop(void *arg)
{
	struct serving *s = arg;

	(void)event_base_loopbreak(s->base);
}

static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct serving *s = arg;
	struct timeval moment = { 0, 50000 };

	(void)fd;
	(void)what;
	log_warn("Requests under way did not end in time");
	targets_stop(s->targets);
	(void)event_base_loopexit(s->base, &moment); /* they are told */
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct serving *s = arg;
	struct timeval patience = { DRAIN_SECONDS, 0 };

	(void)what;
	log_info("Stopping", "signal", strsignal(number));
	if (event_pending(s->give_up, EV_TIMEOUT, NULL)) {
		stop_loop(s); /* asked twice */
		return;
	}
	notify_stopping(s->notify);
	(void)event_add(s->give_up, &patience);
	server_drain(s->server, stop_loop, s);
}

static int
reload_setup(struct serving *s, struct error *e)
{
	struct setup setup = { 0 };
	int r = setup_load(s->options, &s->setup, &setup, e);

	self_configured(s->self, r == 0);
	if (r < 0) {
		log_news(&s->news, LEVEL_ERROR, "Configuration not reloaded",
		    "err", e->text);
		return -1;
	}
	families_check(s->options, &setup);
	targets_reload(s->targets, setup.modules);
	scraper_use(s->scraper, &setup);
	setup_release(&s->setup);
	s->setup = setup;
	landing_forget(s->landing);
	target_page_forget(s->target_page);
	pools_start(setup.pools, s->base);
	log_news(&s->news, LEVEL_INFO, "Configuration reloaded");
	return 0;
}

/*
 * What cannot be read leaves the old in force, and does not keep the other
 * from being read.
 */
static int
reload(struct serving *s, struct error *e)
{
	struct error web_error;
	int web, r;

	notify_reloading(s->notify);
	web = web_reload(s->web, &web_error);
	r = reload_setup(s, e);
	if (r == 0 && web < 0) {
		*e = web_error;
		r = -1;
	}
	if (r == 0)
		notify_ready(s->notify, "Configuration reloaded");
	else
		notify_ready(s->notify, "Not reloaded: %s", e->text);
	return r;
}

static void
on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct error e;

	(void)number;
	(void)what;
	(void)reload(arg, &e);
}

static void
serve_reload(struct request *r, void *arg)
{
	struct error e;

	if (reload(arg, &e) < 0)
		request_say(r, 500, e.text);
	else
		request_say(r, 200, "The configuration has been reloaded.");
}

static void
serve_health(struct request *r, void *arg)
{
	(void)arg;
	request_say(r, 200, "memcached_exporter is healthy.");
}

static void
add_routes(struct serving *s)
{
	char *metrics = s->options->telemetry_path;

	/* "/" may be one of them: the first of two equal paths serves */
	server_route_scrape(s->server, metrics, scrape_serve, s->scraper);
	server_route_scrape(s->server, s->options->scrape_path,
	    scrape_serve_target, s->scraper);
	server_route(s->server, "/", landing_serve, s->landing);
	server_route(s->server, "/target", target_page_serve, s->target_page);
	assets_add_routes(s->assets, s->server);
	server_route(s->server, "/api/v1/targets", api_serve_targets, s->api);
	server_route(s->server, "/api/v1/locate", locate_serve, &s->setup);
	server_route_scrape(s->server, "/sd", sd_serve, &s->sd);
	server_route(s->server, "/-/healthy", serve_health, NULL);
	server_route(s->server, "/-/ready", serve_health, NULL);
	if (s->options->lifecycle)
		server_route_post(s->server, "/-/reload", serve_reload, s);
}

static int
inherit_all(struct listen_socket *list, struct error *e)
{
	size_t n;

	if (activation_count(&n, OPTIONS_LISTEN_MAX, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (listener_inherit(ACTIVATION_FIRST + (int)i, &list[i], e) <
		    0)
			return -1;
	}
	return (int)n;
}

static int
open_all(const struct options *o, struct listen_socket *list, struct error *e)
{
	if (o->systemd_socket)
		return inherit_all(list, e);
	if (activation_is_offered())
		log_warn("systemd has passed sockets that are not used: "
			 "--web.systemd-socket serves on them");
	return listener_open_all(
	    o->listen, o->listen_len, o->socket_mode, list, e);
}

/* Says where only when all addresses are bound: an error stands alone. */
static int
listen_all(struct serving *s, struct error *e)
{
	struct listen_socket list[OPTIONS_LISTEN_MAX];
	int n = open_all(s->options, list, e);
	char text[ADDRESS_TEXT_MAX];

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		endpoint_text(&list[i].bound, text);
		log_info("Listening on", "address", text, "version", VERSION);
		/* as exporter-toolkit says it, which has HTTP/2 with TLS */
		log_info(web_has_tls(s->web) ? "TLS is enabled."
					     : "TLS is disabled.",
		    "http2", "false", "address", text);
		server_listen(s->server, &list[i]);
	}
	return 0;
}

/* What there is to serve. */
static int
serving_open(struct serving *s, struct error *e)
{
	const struct options *o = s->options;
	struct scrape_own own = { .has_target = o->has_target,
		.target = o->target,
		.prefixes_max = (unsigned)o->prefixes_max };
	size_t descriptors = raise_descriptors();

	s->web = web_new(s->base, o->web_config_file, e);
	if (s->web == NULL)
		return -1;
	s->server =
	    server_new(s->base, s->web, o->max_connections, descriptors);
	server_limit_scrapes(s->server, o->max_requests);
	s->self = self_new(
	    o->pid_file, o->no_exporter_metrics, s->targets, s->server, s->web);
	s->scraper = scraper_new(s->targets, s->self, &own, &s->setup);
	s->api = api_new(s->base, s->targets);
	s->sd = (struct sd){ &s->setup, s->targets };
	s->assets = assets_new();
	s->landing = landing_new(
	    s->base, o->telemetry_path, o->scrape_path, s->targets, &s->setup);
	s->target_page = target_page_new(
	    s->base, o->telemetry_path, o->scrape_path, s->targets, &s->setup);
	add_routes(s);
	return 0;
}

static int
serving_run(struct serving *s, struct error *e)
{
	int r;

	s->give_up = xnonnull(evtimer_new(s->base, on_give_up, s));
	if (signals_watch(s->env->signals, s->base, on_signal, on_hangup, s) <
	    0)
		return error_set(e, "cannot watch for signals");
	if (listen_all(s, e) < 0 ||
	    pid_file_write(s->options->own_pid_file, e) < 0)
		return -1;
	pools_start(s->setup.pools, s->base);
	s->notify = notify_new(s->base);
	notify_ready(s->notify, "Serving");
	r = event_base_dispatch(s->base);
	pid_file_remove(s->options->own_pid_file);
	return r < 0 ? error_set(e, "the event loop failed") : 0;
}

/* What hears of an end comes before what it would tell. */
static void
serving_close(struct serving *s)
{
	signals_unwatch(s->env->signals);
	if (s->give_up != NULL)
		event_free(s->give_up);
	/* the look-ups' end needs the loop, which must not serve any more */
	targets_stop(s->targets);
	web_free(s->web);
	notify_free(s->notify);
	server_free(s->server);
	target_page_free(s->target_page);
	landing_free(s->landing);
	assets_free(s->assets);
	api_free(s->api);
	scraper_free(s->scraper);
	self_free(s->self);
	setup_release(&s->setup);
}

int
serve(const struct serve_env *env, struct error *e)
{
	struct serving s = { .env = env,
		.options = env->options,
		.base = env->base,
		.targets = env->targets };
	int r;

	rate_init(&s.news, LOG_NEWS_INTERVAL_US, LOG_NEWS_BURST);
	setup_copy(&s.setup, env->setup);
	r = serving_open(&s, e);

	if (r == 0)
		r = serving_run(&s, e);
	serving_close(&s);
	return r;
}
