#include "pages/api.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/parse.h"
#include "http/query.h"
#include "memcached/status.h"
#include "memcached/targets.h"
#include "stats/text.h"

/* Room for TARGETS_MAX of them, with long names and errors. */
#define API_BYTES_MAX (64U << 20)

struct listing {
	struct buf out;
	uint64_t limit;
	uint64_t known;
	uint64_t down;
};

static void
add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":\"", name);
	escape_json(out, text);
	buf_add_char(out, '"');
}

/* Microseconds as seconds, or null. */
static void
add_seconds(struct buf *out, const char *name, bool is_known, uint64_t us)
{
	buf_printf(out, ",\"%s\":", name);
	if (is_known)
		text_seconds(out, us);
	else
		buf_add_str(out, "null");
}

static void
add_ratio(struct buf *out, const char *name, double ratio)
{
	buf_printf(out, ",\"%s\":", name);
	if (ratio < 0)
		buf_add_str(out, "null");
	else
		text_double(out, ratio);
}

static void
add_time(struct buf *out, const char *name, time_t t)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(t, text);
	add_text(out, name, text);
}

static void
add_target(const struct target_entry *t, void *arg)
{
	struct listing *l = arg;
	const struct status *s = t->status;
	bool down = s->health == HEALTH_DOWN;
	char address[ADDRESS_TEXT_MAX];

	l->down += down;
	if (l->known++ >= l->limit)
		return;
	address_text(t->address, address);
	buf_add_str(
	    &l->out, l->known == 1 ? "{\"address\":\"" : ",{\"address\":\"");
	escape_json(&l->out, address);
	buf_add_char(&l->out, '"');
	add_text(&l->out, "module", t->module);
	add_text(&l->out, "state", health_name(s->health));
	add_time(&l->out, "since", s->since);
	add_seconds(&l->out, "lastScrapeDurationSeconds",
	    s->health != HEALTH_UNKNOWN, s->duration_us);
	add_text(&l->out, "reason", down ? reason_name(s->reason) : "");
	add_text(&l->out, "lastError", down ? s->error : "");
	add_seconds(
	    &l->out, "connectionAgeSeconds", t->is_connected, t->connected_us);
	add_ratio(&l->out, "hitRatio", s->hit_ratio);
	add_ratio(&l->out, "memoryUsedRatio", s->memory_ratio);
	buf_add_char(&l->out, '}');
}

void
api_serve_targets(struct request *r, void *arg)
{
	const char *limit = query_first(request_query(r), "limit");
	struct listing l = { .limit = TARGETS_MAX };

	if (limit != NULL && parse_u64(span_of(limit), &l.limit) < 0) {
		request_say(r, 400, "limit has to be a number.");
		return;
	}
	buf_init(&l.out, API_BYTES_MAX);
	buf_add_str(&l.out, "{\"status\":\"success\",\"data\":{\"targets\":[");
	targets_each(arg, add_target, &l);
	buf_add_char(&l.out, ']');
	add_time(&l.out, "time", time(NULL));
	buf_printf(&l.out, ",\"known\":%ju,\"down\":%ju}}\n",
	    (uintmax_t)l.known, (uintmax_t)l.down);
	if (l.out.full) {
		buf_release(&l.out);
		request_say(r, 500, "The list of targets is too large.");
		return;
	}
	request_add_header(r, "Cache-Control", "no-cache");
	request_answer_text(r, "application/json", &l.out);
}
