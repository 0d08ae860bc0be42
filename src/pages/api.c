#include "pages/api.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "base/parse.h"
#include "http/query.h"
#include "memcached/status.h"
#include "memcached/targets.h"
#include "pages/listing.h"
#include "stats/text.h"

/* Less has an exponent by itself; so many decimals read back the same. */
#define RATIO_SMALL 1e-3
#define RATIO_DECIMALS 36

struct api {
	struct listing *listing;
};

/* What is being written, and how many there were so far. */
struct writer {
	struct buf *out;
	size_t limit;
	size_t known;
	size_t down;
};

static void
add_name(struct buf *out, const char *name)
{
	buf_add_str(out, ",\"");
	buf_add_str(out, name);
	buf_add_str(out, "\":");
}

static void
add_text(struct buf *out, const char *name, const char *text)
{
	add_name(out, name);
	buf_add_char(out, '"');
	escape_json(out, text);
	buf_add_char(out, '"');
}

/* Microseconds as seconds, or null. */
static void
add_seconds(struct buf *out, const char *name, bool is_known, uint64_t us)
{
	add_name(out, name);
	if (is_known)
		text_seconds(out, us);
	else
		buf_add_str(out, "null");
}

/* Without an exponent, which not all that read JSON with patterns expect. */
static void
add_ratio(struct buf *out, const char *name, double ratio)
{
	add_name(out, name);
	if (ratio < 0)
		buf_add_str(out, "null");
	else if (ratio > 0 && ratio < RATIO_SMALL)
		buf_printf(out, "%.*f", RATIO_DECIMALS, ratio);
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
	struct writer *w = arg;
	const struct status *s = t->status;
	bool down = s->health == HEALTH_DOWN;
	char address[ADDRESS_TEXT_MAX];

	w->down += down;
	if (w->known++ >= w->limit)
		return;
	address_text(t->address, address);
	buf_add_str(
	    w->out, w->known == 1 ? "{\"address\":\"" : ",{\"address\":\"");
	escape_json(w->out, address);
	buf_add_char(w->out, '"');
	add_text(w->out, "module", t->module);
	add_text(w->out, "state", health_name(s->health));
	add_time(w->out, "since", s->since);
	add_seconds(w->out, "lastScrapeDurationSeconds",
	    s->health != HEALTH_UNKNOWN, s->duration_us);
	add_text(w->out, "reason", down ? reason_name(s->reason) : "");
	add_text(w->out, "lastError", down ? s->error : "");
	add_seconds(
	    w->out, "connectionAgeSeconds", t->is_connected, t->connected_us);
	add_ratio(w->out, "hitRatio", s->hit_ratio);
	add_ratio(w->out, "memoryUsedRatio", s->memory_ratio);
	buf_add_char(w->out, '}');
}

static void
write_targets(
    struct buf *out, const struct targets *targets, size_t limit, void *arg)
{
	struct writer w = { .out = out, .limit = limit };

	(void)arg;
	buf_add_str(out, "{\"status\":\"success\",\"data\":{\"targets\":[");
	targets_each(targets, add_target, &w);
	buf_add_char(out, ']');
	add_time(out, "time", time(NULL));
	buf_printf(out, ",\"known\":%zu,\"down\":%zu}}\n", w.known, w.down);
}

struct api *
api_new(struct event_base *base, const struct targets *targets)
{
	struct api *a = xcalloc(1, sizeof(*a));

	a->listing =
	    listing_new(base, targets, "application/json", write_targets, NULL);
	return a;
}

void
api_free(struct api *a)
{
	if (a == NULL)
		return;
	listing_free(a->listing);
	free(a);
}

void
api_serve_targets(struct request *r, void *arg)
{
	struct api *a = arg;
	const char *text = query_first(request_query(r), "limit");
	uint64_t limit = LISTING_LIMIT;

	if (text != NULL && parse_u64(span_of(text), &limit) < 0) {
		request_say(r, 400, "limit has to be a number.");
		return;
	}
	if (limit > LISTING_LIMIT_MAX)
		limit = LISTING_LIMIT_MAX;
	request_add_header(r, "Cache-Control", "no-cache");
	listing_serve(a->listing, r, limit);
}
