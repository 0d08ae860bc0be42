#include "self.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "http/server.h"
#include "http/web.h"
#include "memcached/targets.h"
#include "process.h"
#include "stats/filter.h"

#define PID_TEXT_MAX 64
#define BLANKS " \t\r\n"

/* Of the families of memcached's process. */
#define MEMCACHED_PREFIX "memcached_"

/*
 * What the kernel says of processes is good for so long: a crowd of requests
 * must not count all descriptors once for each of them.
 */
#define PROCESS_US 100000

/* What the kernel said of the processes, in one of the formats. */
struct processes {
	struct buf text;
	struct filter *filter; /* that it went through; held */
	uint64_t at;
};

struct self {
	const char *pid_file;
	bool disabled; /* --web.disable-exporter-metrics */
	const struct targets *targets;
	const struct server *server;
	const struct web *web;
	struct process_reader *reader;
	uint64_t scrapes;
	uint64_t failures[REASONS];
	bool configured;
	uint64_t configured_at; /* the last time it was; seconds since 1970 */
	struct processes processes[TEXT_FORMATS];
	bool pid_failed; /* logged already */
};

/* Appends the samples of one family. */
typedef void samples_fn(
    const struct self *s, struct buf *out, const char *name);

static samples_fn build_info, scrapes, failures, connects, closes, known,
    requests, connections, unsent, lines_dropped, reload_ok, reload_time,
    web_ok, web_time;

static const struct {
	const char *name;
	enum metric_type type;
	const char *help;
	samples_fn *samples;
} rows[] = {
	{ "memcached_exporter_build_info", METRIC_GAUGE,
	    "What this exporter is built of, as labels, value 1.", build_info },
	{ "memcached_exporter_scrapes_total", METRIC_COUNTER,
	    "Scrapes of memcached servers that have ended.", scrapes },
	{ "memcached_exporter_scrape_failures_total", METRIC_COUNTER,
	    "Scrapes that ended with memcached_up 0, by reason.", failures },
	{ "memcached_exporter_connects_total", METRIC_COUNTER,
	    "Connections opened to memcached servers.", connects },
	{ "memcached_exporter_connection_closes_total", METRIC_COUNTER,
	    "Connections to memcached servers that were closed, by reason.",
	    closes },
	{ "memcached_exporter_targets", METRIC_GAUGE,
	    "Memcached servers known to this exporter.", known },
	{ "memcached_exporter_http_requests_total", METRIC_COUNTER,
	    "HTTP requests answered, by path and status.", requests },
	{ "memcached_exporter_http_connections", METRIC_GAUGE,
	    "HTTP clients connected.", connections },
	{ "memcached_exporter_http_unsent_bytes", METRIC_GAUGE,
	    "Bytes of answers that HTTP clients have not read yet.", unsent },
	{ "memcached_exporter_log_lines_dropped_total", METRIC_COUNTER,
	    "Log lines that were not written, since stderr did not take them "
	    "or there were too many.",
	    lines_dropped },
	{ "memcached_exporter_config_last_reload_successful", METRIC_GAUGE,
	    "1 when the configuration was last read without an error.",
	    reload_ok },
	{ "memcached_exporter_config_last_reload_success_timestamp_seconds",
	    METRIC_GAUGE,
	    "When the configuration was last read without an error, in "
	    "seconds since 1970.",
	    reload_time },
	{ "memcached_exporter_web_config_last_reload_successful", METRIC_GAUGE,
	    "1 when --web.config.file was last read without an error.",
	    web_ok },
	{ "memcached_exporter_web_config_last_reload_success_timestamp_"
	  "seconds",
	    METRIC_GAUGE,
	    "When --web.config.file was last read without an error, in "
	    "seconds since 1970.",
	    web_time },
};

struct self *
self_new(const char *pid_file, bool disabled, const struct targets *targets,
    const struct server *server, const struct web *web)
{
	struct self *s = xcalloc(1, sizeof(*s));

	s->pid_file = pid_file;
	s->disabled = disabled;
	s->targets = targets;
	s->server = server;
	s->web = web;
	s->reader = process_reader_new();
	for (size_t i = 0; i < TEXT_FORMATS; i++)
		buf_init(&s->processes[i].text, TEXT_BYTES_MAX);
	self_configured(s, true);
	return s;
}

void
self_free(struct self *s)
{
	if (s == NULL)
		return;
	process_reader_free(s->reader);
	for (size_t i = 0; i < TEXT_FORMATS; i++) {
		buf_release(&s->processes[i].text);
		filter_free(s->processes[i].filter);
	}
	free(s);
}

void
self_configured(struct self *s, bool ok)
{
	s->configured = ok;
	if (ok)
		s->configured_at = (uint64_t)time(NULL);
}

void
self_count(struct self *s, const struct error *why)
{
	s->scrapes++;
	if (why != NULL)
		s->failures[why->reason]++;
}

static void
build_info(const struct self *s, struct buf *out, const char *name)
{
	(void)s;
	buf_add_str(out, name);
	buf_add_char(out, '{');
	text_label(out, "libevent", span_of(event_get_version()));
	text_label(out, "version", span_of(VERSION));
	buf_add_str(out, "} 1\n");
}

static void
scrapes(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, s->scrapes);
}

/* All from the start, so that a first failure is an increase. */
static void
failures(const struct self *s, struct buf *out, const char *name)
{
	for (int i = REASON_REFUSED; i < REASONS; i++)
		text_sample_of(out, name, "reason", reason_name((enum reason)i),
		    s->failures[i]);
}

static void
connects(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, targets_connects(s->targets));
}

static void
closes(const struct self *s, struct buf *out, const char *name)
{
	for (int i = 0; i < CLOSE_REASONS; i++)
		text_sample_of(out, name, "reason",
		    close_reason_name((enum close_reason)i),
		    targets_closes(s->targets, (enum close_reason)i));
}

static void
known(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, targets_count(s->targets));
}

struct sink {
	struct buf *out;
	const char *name;
};

static void
one_count(const char *path, int code, uint64_t n, void *arg)
{
	const struct sink *sink = arg;

	buf_add_str(sink->out, sink->name);
	buf_add_str(sink->out, "{code=\"");
	buf_add_u64(sink->out, (uint64_t)code);
	buf_add_char(sink->out, '"');
	text_label(sink->out, "handler", span_of(path));
	buf_add_str(sink->out, "} ");
	buf_add_u64(sink->out, n);
	buf_add_char(sink->out, '\n');
}

static void
requests(const struct self *s, struct buf *out, const char *name)
{
	struct sink sink = { out, name };

	if (s->server != NULL)
		server_counts(s->server, one_count, &sink);
}

static void
connections(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(
	    out, name, s->server != NULL ? server_connections(s->server) : 0);
}

static void
lines_dropped(const struct self *s, struct buf *out, const char *name)
{
	(void)s;
	log_tell_losses(); /* there may be no other line for long */
	text_sample_u64(out, name, log_lines_dropped());
}

static void
unsent(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(
	    out, name, s->server != NULL ? server_unsent(s->server) : 0);
}

static void
reload_ok(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, s->configured);
}

static void
reload_time(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, s->configured_at);
}

/* Without HTTP there is nothing that could be wrong. */
static void
web_ok(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(out, name, s->web == NULL || web_is_current(s->web));
}

static void
web_time(const struct self *s, struct buf *out, const char *name)
{
	text_sample_u64(
	    out, name, s->web != NULL ? web_read_at(s->web) : s->configured_at);
}

static int
read_pid(const char *path, pid_t *pid, struct error *e)
{
	char text[PID_TEXT_MAX];
	struct span number;
	uint64_t n;

	if (file_read(path, text, sizeof(text), &number, e) < 0)
		return -1;
	number.p += strspn(number.p, BLANKS);
	number.len = strcspn(number.p, BLANKS);
	if (number.p[number.len + strspn(number.p + number.len, BLANKS)] !=
		'\0' ||
	    parse_u64(number, &n) < 0 || n == 0 || n > INT32_MAX)
		return error_set(e, "%s: expected a process id", path);
	*pid = (pid_t)n;
	return 0;
}

static void
render_memcached(struct self *s, struct processes *p, enum text_format format)
{
	struct error why;
	pid_t pid = 0;
	bool failed;

	if (s->pid_file[0] == '\0')
		return;
	failed = read_pid(s->pid_file, &pid, &why) < 0 ||
		 process_render(s->reader, &p->text, format, MEMCACHED_PREFIX,
		     p->filter, pid, &why) < 0;
	if (failed && !s->pid_failed)
		log_warn("No metrics of memcached's process", "err", why.text);
	s->pid_failed = failed;
}

void
self_prepare(struct self *s, enum text_format format, struct filter *filter)
{
	struct processes *p = &s->processes[format];
	uint64_t now = clock_us();
	struct error why;

	if (p->at != 0 && p->filter == filter && now - p->at < PROCESS_US)
		return;
	filter_free(p->filter);
	p->filter = filter_hold(filter);
	p->at = now;
	p->text.len = 0;
	render_memcached(s, p, format);
	/* without /proc these are missing, and nothing else */
	if (!s->disabled)
		(void)process_render(
		    s->reader, &p->text, format, "", p->filter, getpid(), &why);
}

void
self_render(struct self *s, struct buf *out, enum text_format format,
    struct filter *filter)
{
	const struct buf *processes = &s->processes[format].text;

	for (size_t i = 0; i < nitems(rows) && !s->disabled; i++) {
		if (!filter_shows(filter, rows[i].name))
			continue;
		text_family(
		    out, format, rows[i].name, rows[i].type, rows[i].help);
		rows[i].samples(s, out, rows[i].name);
	}
	self_prepare(s, format, filter);
	buf_add(out, processes->p, processes->len);
}

void
self_families(text_family_fn *each, void *arg)
{
	for (size_t i = 0; i < nitems(rows); i++)
		each(rows[i].name, arg);
	process_families("", each, arg);
	process_families(MEMCACHED_PREFIX, each, arg);
}
