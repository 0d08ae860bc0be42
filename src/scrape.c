#include "scrape.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "http/request.h"
#include "memcached/target.h"
#include "self.h"
#include "stats/catalogue.h"
#include "stats/render.h"
#include "stats/text.h"

#define TIMEOUT_HEADER "X-Prometheus-Scrape-Timeout-Seconds"

/* What is kept of Prometheus's time for the way back: a tenth, at most this. */
#define RESERVE_SHARE 10
#define RESERVE_US_MAX 500000

enum state {
	STATE_UNKNOWN,
	STATE_UP,
	STATE_DOWN
};

struct scraper {
	struct target *target;
	struct self *self;
	struct scrape_settings settings;
	enum state state;   /* of the target, for the log */
	size_t usual_bytes; /* of the last text */
};

struct scrape {
	struct scraper *scraper;
	struct waiter waiter;
	uint64_t arrived;
	struct buf processes; /* rendered while the server works */
	scrape_fn *done;
	void *arg;
};

struct scraper *
scraper_new(struct target *target, struct self *self,
    const struct scrape_settings *settings)
{
	struct scraper *s = xcalloc(1, sizeof(*s));

	s->target = target;
	s->self = self;
	s->settings = *settings;
	return s;
}

void
scraper_free(struct scraper *s)
{
	free(s);
}

/* A failing server is news once, and so is its return. */
static void
log_change(struct scraper *s, bool up, const struct error *why)
{
	enum state before = s->state;
	char address[ADDRESS_TEXT_MAX];

	s->state = up ? STATE_UP : STATE_DOWN;
	if (s->state == before)
		return;
	address_text(target_address(s->target), address);
	if (!up)
		log_warn("Target is down", "target", address, "reason",
		    reason_name(why->reason), "err", why->text);
	else if (before == STATE_DOWN)
		log_info("Target is up again", "target", address);
}

static void
gauge(struct buf *out, const char *name, const char *help)
{
	text_family(out, name, metric_type_name(METRIC_GAUGE), help);
}

static void
render_up(struct buf *out, bool up)
{
	gauge(out, "memcached_up",
	    "1 when the server answered \"stats\" in time.");
	text_sample_u64(out, "memcached_up", NULL, up);
}

static void
render_collectors(struct buf *out, const struct reply *reply)
{
	static const char name[] = "memcached_scrape_collector_success";

	gauge(out, name,
	    "1 when the server answered this sub-command of \"stats\".");
	for (unsigned i = 0; i < SECTIONS; i++) {
		enum section section = (enum section)i;

		if (!reply_was_asked(reply, section))
			continue;
		buf_printf(out, "%s{collector=\"%s\"} %d\n", name,
		    section_name(section), reply_has_ended(reply, section));
	}
}

/* About the scrape: behind the catalogue, which counts as it goes. */
static void
render_scrape(struct buf *out, uint64_t duration_us, const struct reply *reply,
    const struct error *down)
{
	static const char failure[] = "memcached_scrape_failure";
	static const char ignored[] = "memcached_scrape_ignored_lines";
	static const char duration[] = "memcached_scrape_duration_seconds";

	gauge(out, duration,
	    "Seconds from the request to the end of the server's answer.");
	buf_add_str(out, duration);
	buf_add_char(out, ' ');
	text_seconds(out, duration_us);
	buf_add_char(out, '\n');
	if (down != NULL) {
		gauge(out, failure,
		    "Why memcached_up is 0, as a label, value 1.");
		buf_printf(out, "%s{reason=\"%s\"} 1\n", failure,
		    reason_name(down->reason));
	}
	if (reply == NULL)
		return;
	render_collectors(out, reply);
	gauge(out, ignored, "Lines of the answer that were not understood.");
	text_sample_u64(out, ignored, NULL, reply_ignored(reply));
}

/*
 * The only end of a scrape. A reply whose `stats` is whole is an answer, even
 * if a later part is missing.
 */
static void
scrape_finish(struct reply *reply, const struct error *why, void *arg)
{
	struct scrape *s = arg;
	struct scraper *all = s->scraper;
	uint64_t duration = clock_us() - s->arrived;
	bool up = reply != NULL && reply_has_ended(reply, SECTION_STATS);
	const struct error *down = up ? NULL : why;
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	(void)buf_reserve(&out, all->usual_bytes);
	log_change(all, up, why);
	log_debug("Scraped", "up", up ? "1" : "0", "reason",
	    down == NULL ? "" : reason_name(down->reason));
	self_count(all->self, down);
	render_up(&out, up);
	if (up)
		render_reply(&out, reply, all->settings.slabs);
	render_scrape(&out, duration, reply, down);
	self_render(all->self, &out);
	buf_add(&out, s->processes.p, s->processes.len);
	buf_release(&s->processes);
	all->usual_bytes = out.len;
	s->done(&out, up, s->arg);
	free(s);
}

void
scrape_start(struct scraper *all, uint64_t arrived, uint64_t timeout_us,
    scrape_fn *done, void *arg)
{
	struct scrape *s;
	struct buf out;

	if (all->target == NULL) {
		buf_init(&out, TEXT_BYTES_MAX);
		self_render(all->self, &out);
		self_render_processes(all->self, &out);
		done(&out, true, arg);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->scraper = all;
	s->arrived = arrived;
	s->done = done;
	s->arg = arg;
	s->waiter.sections = all->settings.sections;
	s->waiter.deadline_us = arrived + timeout_us;
	s->waiter.done = scrape_finish;
	s->waiter.arg = s;
	target_ask(all->target, &s->waiter);
	buf_init(&s->processes, TEXT_BYTES_MAX);
	self_render_processes(all->self, &s->processes);
}

/* The smaller of our own time and what Prometheus gives, less a reserve. */
static uint64_t
timeout_of(const struct request *r, uint64_t own)
{
	const char *header = request_header(r, TIMEOUT_HEADER);
	uint64_t us, reserve;

	if (header == NULL || parse_seconds(span_of(header), &us) < 0 ||
	    us == 0)
		return own;
	reserve = us / RESERVE_SHARE;
	us -= reserve < RESERVE_US_MAX ? reserve : RESERVE_US_MAX;
	return us < own ? us : own;
}

static void
answer(struct buf *text, bool up, void *arg)
{
	(void)up;
	if (text->full) {
		buf_release(text);
		request_refuse(arg, 500, "The metrics are too large.");
		return;
	}
	request_answer(arg, TEXT_CONTENT_TYPE, text);
}

void
scrape_serve(struct request *r, void *arg)
{
	struct scraper *all = arg;

	scrape_start(all, request_arrived(r),
	    timeout_of(r, all->settings.timeout_us), answer, r);
}
