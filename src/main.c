/* Ordered start, signals, the loop, and the same backwards. */
#include <sys/resource.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/arguments.h"
#include "config/collectors.h"
#include "config/file.h"
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
#include "scrape.h"
#include "self.h"
#include "stats/keys.h"

/* What requests under way may still take when the end has been asked for. */
#define DRAIN_SECONDS 2

#define HELP_BYTES_MAX 16384

/*
 * Answers are about 100 kB, which glibc would fetch from the kernel and give
 * back at every scrape, page by page. This much is kept instead.
 */
#define HEAP_KEPT (512 << 10)

struct program {
	struct options options;
	struct event_base *base;
	struct keys *keys;
	struct targets *targets;
	struct web *web;
	struct server *server;
	struct self *self;
	struct scraper *scraper;
	struct landing *landing;
	struct notify *notify;
	struct event *signals[3];
	sighandler_t before[3]; /* of the same signals, the parent's */
	struct event *give_up;
	bool once_up;
	bool once_failed; /* to print */
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
	struct program *p = arg;

	(void)event_base_loopbreak(p->base);
}

static void
on_give_up(evutil_socket_t fd, short what, void *arg)
{
	struct program *p = arg;
	struct timeval moment = { 0, 50000 };

	(void)fd;
	(void)what;
	log_warn("Requests under way did not end in time");
	targets_stop(p->targets);
	(void)event_base_loopexit(p->base, &moment); /* they are told */
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct program *p = arg;
	struct timeval patience = { DRAIN_SECONDS, 0 };

	(void)what;
	log_info("Stopping", "signal", strsignal(number));
	if (event_pending(p->give_up, EV_TIMEOUT, NULL)) {
		stop_loop(p); /* asked twice */
		return;
	}
	notify_stopping(p->notify);
	(void)event_add(p->give_up, &patience);
	server_drain(p->server, stop_loop, p);
}

static unsigned
sections_of(const struct options *o)
{
	unsigned sections = SECTIONS_ALWAYS;

	if (o->collect_settings)
		sections |= collector_section("settings");
	if (o->collect_slab)
		sections |= collector_section("slab");
	if (o->collect_scrub)
		sections |= collector_section("scrub");
	return sections;
}

static int
load_modules(const struct program *p, struct modules **ms, struct error *e)
{
	const struct options *o = &p->options;
	struct module_presets presets = { .timeout_us = o->timeout_us,
		.sections = sections_of(o),
		.has_target = o->has_target,
		.target = o->target,
		.allow = o->allow,
		.binary = o->protocol || o->auth,
		.has_tls = o->tls_enable,
		.tls = { .cert_file = o->tls_cert_file,
		    .key_file = o->tls_key_file,
		    .ca_file = o->tls_ca_file,
		    .server_name = o->tls_server_name,
		    .min_version = "",
		    .insecure = o->tls_insecure },
		.username = o->username,
		.password_file = o->password_file };
	struct config config;
	int r = config_load(o->config_file, &config, e);

	if (r == 0)
		r = modules_new(&config, &presets, ms, e);
	config_free(&config);
	return r;
}

static int
reload_modules(struct program *p, struct error *e)
{
	struct modules *ms = NULL;
	int r = load_modules(p, &ms, e);

	self_configured(p->self, r == 0);
	if (r < 0) {
		log_error("Configuration not reloaded", "err", e->text);
		return -1;
	}
	targets_reload(p->targets, ms);
	scraper_use(p->scraper, ms);
	landing_use(p->landing, ms);
	modules_release(ms);
	log_info("Configuration reloaded");
	return 0;
}

/*
 * What cannot be read leaves the old in force, and does not keep the other
 * from being read.
 */
static int
reload(struct program *p, struct error *e)
{
	struct error web_error;
	int web, r;

	notify_reloading(p->notify);
	web = web_reload(p->web, &web_error);
	r = reload_modules(p, e);
	if (r == 0 && web < 0) {
		*e = web_error;
		r = -1;
	}
	if (r == 0)
		notify_ready(p->notify, "Configuration reloaded");
	else
		notify_ready(p->notify, "Not reloaded: %s", e->text);
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

/* Asked again while all is freed. */
static void
end_at_once(int number)
{
	(void)number;
	_exit(0);
}

/* Outside the loop a signal does what stands here. */
static const struct {
	int number;
	event_callback_fn in_loop;
	sighandler_t outside;
	bool waits; /* from the start until the loop runs */
} signals[] = {
	{ SIGTERM, on_signal, end_at_once, false },
	{ SIGINT, on_signal, end_at_once, false },
	{ SIGHUP, on_hangup, SIG_IGN, true },
};
_Static_assert(nitems(signals) == nitems(((struct program *)0)->signals),
    "an event for each signal");

static void
set_blocked(int how, bool waiting)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < nitems(signals); i++) {
		if (signals[i].waits == waiting)
			(void)sigaddset(&set, signals[i].number);
	}
	(void)sigprocmask(how, &set, NULL);
}

/*
 * Comes first, since reading the configuration takes a while: a SIGHUP then
 * waits for the loop and is not lost. The parent may have blocked any of them.
 */
static void
take_signals(struct program *p)
{
	for (size_t i = 0; i < nitems(signals); i++)
		p->before[i] = signal(signals[i].number, signals[i].outside);
	set_blocked(SIG_BLOCK, true);
	set_blocked(SIG_UNBLOCK, false);
}

/* For what runs without the loop of a server. */
static void
leave_signals(const struct program *p)
{
	for (size_t i = 0; i < nitems(signals); i++)
		(void)signal(signals[i].number, p->before[i]);
	set_blocked(SIG_UNBLOCK, true);
}

/*
 * libevent puts the handlers of take_signals back at its end. evhttp writes
 * to sockets that the client has closed, hence SIGPIPE.
 */
static int
watch_signals(struct program *p)
{
	(void)signal(SIGPIPE, SIG_IGN);
	p->give_up = xnonnull(evtimer_new(p->base, on_give_up, p));
	for (size_t i = 0; i < nitems(signals); i++) {
		p->signals[i] = xnonnull(evsignal_new(
		    p->base, signals[i].number, signals[i].in_loop, p));
		if (event_add(p->signals[i], NULL) < 0)
			return -1;
	}
	set_blocked(SIG_UNBLOCK, true);
	return 0;
}

static void
serve_health(struct request *r, void *arg)
{
	(void)arg;
	request_say(r, 200, "memcached_exporter is healthy.");
}

static void
add_routes(struct program *p)
{
	char *metrics = p->options.telemetry_path;

	/* "/" may be one of them: the first of two equal paths serves */
	server_route(p->server, metrics, scrape_serve, p->scraper);
	server_route(
	    p->server, p->options.scrape_path, scrape_serve_target, p->scraper);
	server_route(p->server, "/", landing_serve, p->landing);
	assets_add_routes(p->server);
	server_route(
	    p->server, "/api/v1/targets", api_serve_targets, p->targets);
	server_route(p->server, "/-/healthy", serve_health, NULL);
	server_route(p->server, "/-/ready", serve_health, NULL);
	if (p->options.lifecycle)
		server_route_post(p->server, "/-/reload", serve_reload, p);
}

static int
open_listener(
    const struct options *o, size_t i, struct listen_socket *l, struct error *e)
{
	if (o->systemd_socket)
		return listener_inherit(ACTIVATION_FIRST + (int)i, l, e);
	return listener_open(&o->listen[i], o->socket_mode, l, e);
}

/* Says where only when all addresses are bound: an error stands alone. */
static int
listen_all(struct program *p, struct error *e)
{
	const struct options *o = &p->options;
	char bound[OPTIONS_LISTEN_MAX][ADDRESS_TEXT_MAX];
	size_t n = o->listen_len;

	if (o->systemd_socket && activation_count(&n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct listen_socket l;

		if (open_listener(o, i, &l, e) < 0)
			return -1;
		endpoint_text(&l.bound, bound[i]);
		server_listen(p->server, &l);
	}
	log_info("Starting memcached_exporter", "version", VERSION);
	for (size_t i = 0; i < n; i++)
		log_info("Listening on address", "address", bound[i]);
	return 0;
}

static struct event_base *
new_base(void)
{
	struct event_config *config = xnonnull(event_config_new());
	struct event_base *base;

	/* fewer system calls; no descriptor that is watched is dup'ed */
	(void)event_config_set_flag(
	    config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = xnonnull(event_base_new_with_config(config));
	event_config_free(config);
	return base;
}

/* libevent's own lines, most of them about name servers. */
static void
on_libevent_log(int severity, const char *msg)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("libevent", "err", msg);
	else
		log_debug("libevent", "line", msg);
}

/* The HTTP side. */
static int
open_web(struct program *p, size_t descriptors, struct error *e)
{
	p->web = web_new(p->base, p->options.web_config_file, e);
	if (p->web == NULL)
		return -1;
	p->server = server_new(
	    p->base, p->web, p->options.max_connections, descriptors);
	return 0;
}

static int
open_program(struct program *p, struct modules *modules, struct error *e)
{
	struct scrape_own own = { .has_target = p->options.has_target,
		.target = p->options.target };
	size_t descriptors = raise_descriptors();

	event_set_log_callback(on_libevent_log);
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
	p->base = new_base();
	p->keys = keys_new();
	p->targets = targets_new(p->base, p->keys);
	if (!p->options.once && open_web(p, descriptors, e) < 0)
		return -1;
	p->self = self_new(p->options.pid_file, p->targets, p->server, p->web);
	p->scraper = scraper_new(p->targets, p->self, &own, modules);
	p->landing = landing_new(p->options.telemetry_path,
	    p->options.scrape_path, p->targets, modules);
	return 0;
}

/* What hears of an end comes before what it would tell. */
static void
close_program(struct program *p)
{
	for (size_t i = 0; i < nitems(p->signals); i++) {
		if (p->signals[i] != NULL)
			event_free(p->signals[i]);
	}
	if (p->give_up != NULL)
		event_free(p->give_up);
	/* the look-ups' end needs the loop, which must not serve any more */
	if (p->targets != NULL)
		targets_stop(p->targets);
	web_free(p->web);
	notify_free(p->notify);
	server_free(p->server);
	targets_free(p->targets);
	landing_free(p->landing);
	scraper_free(p->scraper);
	self_free(p->self);
	keys_free(p->keys);
	if (p->base != NULL)
		event_base_free(p->base);
	options_release(&p->options);
	libevent_global_shutdown();
}

static int
serve(struct program *p, struct error *e)
{
	add_routes(p);
	if (watch_signals(p) < 0)
		return error_set(e, "cannot watch for signals");
	if (listen_all(p, e) < 0)
		return -1;
	p->notify = notify_new(p->base);
	notify_ready(p->notify, "Serving");
	if (event_base_dispatch(p->base) < 0)
		return error_set(e, "the event loop failed");
	return 0;
}

static void
print_once(struct buf *text, const struct error *down, void *arg)
{
	struct program *p = arg;

	p->once_up = down == NULL;
	p->once_failed = text->full ||
			 fwrite(text->p, 1, text->len, stdout) != text->len ||
			 fflush(stdout) != 0;
	stop_loop(p);
}

static int
scrape_once(struct program *p, struct error *e)
{
	if (!p->options.has_target)
		return error_set(e, "--once needs a --memcached.address");
	scrape_start(p->scraper, print_once, p);
	if (event_base_dispatch(p->base) < 0)
		return error_set(e, "the event loop failed");
	if (p->once_failed)
		return error_set(e, "cannot write the metrics");
	return p->once_up ? 0 : 1;
}

static int
print_help(void)
{
	struct buf out;
	bool failed;

	buf_init(&out, HELP_BYTES_MAX);
	arguments_help(&out);
	failed =
	    fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0;
	buf_release(&out);
	return failed ? 1 : 0;
}

/* The modules have been read already. */
static int
check_rest(const struct program *p, struct error *e)
{
	if (web_check(p->options.web_config_file, e) < 0)
		return -1;
	(void)puts("The configuration is valid.");
	return 0;
}

static int
run(struct program *p, int argc, const char *const *argv)
{
	struct modules *modules = NULL;
	struct error e;
	int r;

	if (arguments_parse(&p->options, argc, argv, &e) < 0) {
		(void)fprintf(stderr,
		    "memcached_exporter: error: %s, try --help\n", e.text);
		return 1;
	}
	if (p->options.help)
		return print_help();
	if (p->options.version) {
		(void)printf("memcached_exporter, version %s (libevent %s)\n",
		    VERSION, event_get_version());
		return fflush(stdout) == 0 ? 0 : 1;
	}
	if (p->options.once || p->options.config_check)
		leave_signals(p);
	log_setup((enum log_level)p->options.log_level,
	    (enum log_format)p->options.log_format);
	r = load_modules(p, &modules, &e);
	if (r == 0 && p->options.config_check)
		r = check_rest(p, &e);
	else if (r == 0)
		r = open_program(p, modules, &e);
	if (r == 0 && !p->options.config_check)
		r = p->options.once ? scrape_once(p, &e) : serve(p, &e);
	modules_release(modules);
	if (r < 0) {
		(void)fprintf(
		    stderr, "memcached_exporter: error: %s\n", e.text);
		return 1;
	}
	return r;
}

int
main(int argc, char **argv)
{
	struct program p = { 0 };
	int status;

	take_signals(&p);
	status = run(&p, argc - 1, (const char *const *)argv + 1);
	close_program(&p);
	return status;
}
