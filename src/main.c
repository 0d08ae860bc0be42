/* What the program is asked for: help, version, a check, a scrape, to serve. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/openssl.h"
#include "base/span.h"
#include "config/arguments.h"
#include "config/environment.h"
#include "config/help.h"
#include "config/tree.h"
#include "families.h"
#include "healthcheck.h"
#include "http/body.h"
#include "http/crowd.h"
#include "http/encoding.h"
#include "http/web.h"
#include "memcached/modules.h"
#include "memcached/targets.h"
#include "pools/client.h"
#include "pools/pool_json.h"
#include "pools/pools.h"
#include "scrape.h"
#include "self.h"
#include "serve.h"
#include "setup.h"
#include "signals.h"
#include "stats/keys.h"

/* The build says which; a checker of the source does not. */
#ifndef REVISION
#define REVISION "unknown"
#endif

#define HELP_BYTES_MAX 16384

/*
 * Answers are about 100 kB, which glibc would fetch from the kernel and give
 * back at every scrape, page by page. This much is kept instead.
 */
#define HEAP_KEPT (512 << 10)

/*
 * At its end as much is kept as answers that are not sent yet may take: those to
 * a sweep come and go there together, and to fetch and give that back each time
 * takes a quarter of a sweep's CPU time. Crowds that leave give it back.
 */
#define HEAP_END_KEPT (64 << 20)

static struct event_base *
new_base(void)
{
	struct event_config *config = xnonnull(event_config_new());
	struct timeval later = { 0, CROWD_LATER_US };
	struct event_base *base;

	/* fewer system calls; no descriptor that is watched is dup'ed */
	(void)event_config_set_flag(
	    config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	(void)event_config_set_max_dispatch_interval(
	    config, &later, -1, CROWD_PRIORITY_LATER);
	base = xnonnull(event_base_new_with_config(config));
	(void)event_base_priority_init(base, CROWD_PRIORITIES);
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

struct program {
	const char *const *argv;
	struct options options;
	struct signals signals;
	struct event_base *base;
	struct keys *keys;
	struct targets *targets;
};

static void
open_program(struct program *p)
{
	event_set_log_callback(on_libevent_log);
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_END_KEPT);
	p->base = new_base();
	p->keys = keys_new();
	p->targets = targets_new(p->base, p->keys, p->options.max_targets);
}

static void
close_program(struct program *p)
{
	targets_free(p->targets);
	keys_free(p->keys);
	if (p->base != NULL)
		event_base_free(p->base);
	options_release(&p->options);
	libevent_global_shutdown();
}

struct once {
	struct event_base *base;
	bool done;
	bool up;
	bool failed; /* to print */
};

static bool
print(struct span s)
{
	return fwrite(s.p, 1, s.len, stdout) == s.len;
}

static void
print_once(const struct scraped *scraped, void *arg)
{
	struct once *o = arg;

	o->done = true;
	o->up = scraped->down == NULL;
	o->failed = scraped->body == NULL || !print(body_text(scraped->body)) ||
		    !print(scraped->tail) || fflush(stdout) != 0;
	(void)event_base_loopbreak(o->base);
}

static int
scrape_once(struct program *p, const struct setup *setup, struct error *e)
{
	struct scrape_own own = { .has_target = p->options.has_target,
		.target = p->options.target,
		.prefixes_max = (unsigned)p->options.prefixes_max };
	struct scrape_options options = { .arrived = clock_us(),
		.timeout_us = module_timeout(modules_own(setup->modules)) };
	struct once once = { .base = p->base };
	struct self *self;
	struct scraper *scraper;
	int r = 0;

	if (!own.has_target)
		return error_set(e, "--once needs a --memcached.address");
	pools_finish(setup->pools);
	self = self_new(p->options.pid_file, p->options.no_exporter_metrics,
	    p->targets, NULL, NULL);
	scraper = scraper_new(p->targets, self, &own, setup);
	scrape_start_default(scraper, &options, print_once, &once);
	if (!once.done)
		r = event_base_dispatch(p->base);
	targets_stop(p->targets);
	scraper_free(scraper);
	self_free(self);
	if (r < 0)
		return error_set(e, "the event loop failed");
	if (once.failed)
		return error_set(e, "cannot write the metrics");
	return once.up ? 0 : 1;
}

static int
serve_setup(struct program *p, const struct setup *setup, struct error *e)
{
	struct serve_env env = { .options = &p->options,
		.base = p->base,
		.targets = p->targets,
		.setup = setup,
		.signals = &p->signals };

	return serve(&env, e);
}

static int
print_text(struct buf *text)
{
	bool failed = text->full ||
		      fwrite(text->p, 1, text->len, stdout) != text->len ||
		      fflush(stdout) != 0;

	buf_release(text);
	return failed ? 1 : 0;
}

static int
print_help(void)
{
	struct buf out;

	buf_init(&out, HELP_BYTES_MAX);
	help_write(&out);
	return print_text(&out);
}

static int
print_completion(enum shell shell)
{
	struct buf out;

	buf_init(&out, HELP_BYTES_MAX);
	completion_write(shell, &out);
	return print_text(&out);
}

/* The shell whose script is asked for. */
static enum shell
wanted_completion(const struct options *o)
{
	for (int i = SHELL_BASH; i <= SHELL_FISH; i++) {
		if (o->completion[i])
			return (enum shell)i;
	}
	return SHELL_NONE;
}

static int
print_line(const char *line)
{
	return puts(line) >= 0 && fflush(stdout) == 0 ? 0 : 1;
}

static int
print_version(void)
{
	(void)printf("memcached_exporter, version %s (revision: %s)\n"
		     "  libraries: libevent %s, OpenSSL %s, libmemcached %s, "
		     "libyaml %s, ISA-L %s\n",
	    VERSION, REVISION, event_get_version(), openssl_version(),
	    client_library_version(), tree_library_version(),
	    encoding_library_version());
	return fflush(stdout) == 0 ? 0 : 1;
}

/* The other file has been read already. */
static int
check_rest(const struct program *p, struct error *e)
{
	if (web_check(p->options.web_config_file, e) < 0)
		return -1;
	(void)puts("The configuration is valid.");
	return 0;
}

static void
warn_of_flag(const char *sentence, void *arg)
{
	(void)arg;
	log_warn(sentence);
}

/* As contrib's unit does with the flags in MEMCACHED_EXPORTER_OPTS. */
static bool
is_passed_on(const struct program *p, const char *name)
{
	static const char blanks[] = " \t\n";
	const char *value = getenv(name);
	size_t len;

	if (value == NULL)
		return false;
	value += strspn(value, blanks);
	len = strcspn(value, blanks);
	for (const char *const *arg = p->argv; *arg != NULL; arg++) {
		if (strlen(*arg) == len && strncmp(*arg, value, len) == 0)
			return true;
	}
	return false;
}

static void
warn_of_variable(const char *name, void *arg)
{
	if (!is_passed_on(arg, name))
		log_warn(
		    "Variable of no flag in the environment", "name", name);
}

/* A line of JSON for each key. */
static int
locate_keys(const struct options *o, const struct pools *ps, struct error *e)
{
	const struct pool *pool = pools_find(ps, o->locate);
	struct buf out;
	int r = 0;

	if (pool == NULL)
		return error_set(e,
		    "--locate: unknown pool %s; --config.file "
		    "has those there are",
		    o->locate);
	if (o->keys_len == 0)
		return error_set(
		    e, "--locate needs keys: --locate POOL KEY...");
	buf_init(&out, o->keys_len * POOL_JSON_MAX);
	for (size_t i = 0; i < o->keys_len && r == 0; i++) {
		r = pool_json(&out, pool, o->keys[i], e);
		buf_add_char(&out, '\n');
	}
	if (r == 0)
		return print_text(&out);
	buf_release(&out);
	return r;
}

/* What the options ask for, once the configuration has been read. */
static int
work_with(struct program *p, const struct setup *setup, struct error *e)
{
	if (p->options.config_check)
		return check_rest(p, e);
	if (is_set(p->options.locate))
		return locate_keys(&p->options, setup->pools, e);
	open_program(p);
	return p->options.once ? scrape_once(p, setup, e)
			       : serve_setup(p, setup, e);
}

static int
work(struct program *p, struct error *e)
{
	struct setup setup = { 0 };
	int r;

	if (p->options.once || p->options.config_check ||
	    is_set(p->options.locate))
		signals_leave(&p->signals);
	log_setup(p->options.log_level, p->options.log_format);
	options_without_effect(&p->options, warn_of_flag, NULL);
	environment_unknown(warn_of_variable, p);
	if (setup_load(&p->options, NULL, &setup, e) < 0)
		return -1;
	families_check(&p->options, &setup);
	r = work_with(p, &setup, e);
	setup_release(&setup);
	return r;
}

/* On a terminal, maybe, which must not obey what an argument holds. */
static int
complain(const struct error *e, const char *advice)
{
	struct buf text;

	buf_init(&text, 4 * ERROR_TEXT_MAX); /* \x1b a byte */
	escape_line(&text, e->text);
	(void)fprintf(stderr, "memcached_exporter: error: %.*s%s\n",
	    (int)text.len, text.p, advice);
	buf_release(&text);
	return 1;
}

static int
run(struct program *p, int argc, const char *const *argv)
{
	const struct options *o = &p->options;
	struct error e;
	int r;

	p->argv = argv;
	if (arguments_parse(&p->options, argc, argv, &e) < 0)
		return complain(&e, ", try --help");
	if (o->help || o->help_long)
		return print_help();
	if (o->help_man)
		return print_line(
		    "The manual is memcached_exporter(1): man "
		    "memcached_exporter, or the file memcached_exporter.1 "
		    "of the source.");
	if (o->version)
		return print_version();
	if (wanted_completion(o) != SHELL_NONE)
		return print_completion(wanted_completion(o));
	r = o->healthcheck ? healthcheck(o, &e) : work(p, &e);
	return r < 0 ? complain(&e, "") : r;
}

int
main(int argc, char **argv)
{
	struct program p = { 0 };
	int status;

	/* libevent does not look at all that malloc gives it, nor do we */
	event_set_mem_functions(xmalloc, xrealloc, free);
	openssl_use_memory();
	signals_take(&p.signals);
	status = run(&p, argc - 1, (const char *const *)argv + 1);
	close_program(&p);
	return status;
}
