#include "memcached/history.h"

#include <sys/queue.h>

#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/parse.h"
#include "stats/catalogue.h"
#include "stats/dialect.h"
#include "stats/reply.h"

struct history {
	TAILQ_ENTRY(history) entry;
	struct histories *all;
	struct history **slot; /* its target's */
	uint64_t id;
	uint64_t looked_us;
	uint64_t notes;
	size_t first, len; /* of the points */
	struct history_point points[HISTORY_POINTS_MAX];
	size_t classes_len;
	struct history_class classes[REPLY_SLABS_MAX];
	struct buf settings; /* key NUL value NUL … */
	char version[HISTORY_VALUE_BYTES_MAX + 1];
};
_Static_assert(
    HISTORIES_MAX *(sizeof(struct history) + HISTORY_SETTINGS_BYTES_MAX) <=
	HISTORIES_BYTES_MAX,
    "all histories together are bounded");

struct histories {
	TAILQ_HEAD(, history) list; /* the one looked at last at the end */
	size_t len;
	uint64_t made;
};

/* Where a number is found: under the second key when the first is not sent. */
struct found {
	enum collector_id collector;
	const char *key;
	enum collector_id fallback;
	const char *fallback_key;
	uint64_t max; /* above it is a negative number that has wrapped */
	bool is_rate; /* of a server whose `cmd_*` are rates */
};

static const struct found numbers[] = {
	[HISTORY_GETS] = { COLLECTOR_STATS, "cmd_get", .is_rate = true },
	[HISTORY_SETS] = { COLLECTOR_STATS, "cmd_set", .is_rate = true },
	[HISTORY_HITS] = { COLLECTOR_STATS, .key = "get_hits" },
	[HISTORY_MISSES] = { COLLECTOR_STATS, .key = "get_misses" },
	[HISTORY_EVICTIONS] = { COLLECTOR_STATS, .key = "evictions" },
	[HISTORY_CONNECTIONS] = { COLLECTOR_STATS, "curr_connections",
	    .max = INT32_MAX },
	[HISTORY_CONNECTIONS_MAX] = { COLLECTOR_STATS, "max_connections",
	    COLLECTOR_SETTINGS, "maxconns", .max = INT32_MAX },
	[HISTORY_BYTES] = { COLLECTOR_STATS, "bytes", .max = INT64_MAX },
	[HISTORY_BYTES_MAX] = { COLLECTOR_STATS, "limit_maxbytes",
	    COLLECTOR_STATS, "engine_maxbytes", .max = INT64_MAX },
	[HISTORY_READ] = { COLLECTOR_STATS, .key = "bytes_read" },
	[HISTORY_WRITTEN] = { COLLECTOR_STATS, .key = "bytes_written" },
};
_Static_assert(nitems(numbers) == HISTORY_NUMBERS, "a key for each number");

static const struct found class_numbers[] = {
	[CLASS_CHUNK_BYTES] = { COLLECTOR_SLABS, .key = "chunk_size" },
	[CLASS_CHUNKS] = { COLLECTOR_SLABS, .key = "total_chunks" },
	[CLASS_CHUNKS_USED] = { COLLECTOR_SLABS, .key = "used_chunks" },
	[CLASS_REQUESTED_BYTES] = { COLLECTOR_ITEMS, "mem_requested",
	    COLLECTOR_SLABS, "mem_requested", .max = INT64_MAX },
	[CLASS_ITEMS] = { COLLECTOR_ITEMS, .key = "number" },
	[CLASS_EVICTED] = { COLLECTOR_ITEMS, .key = "evicted" },
};
_Static_assert(nitems(class_numbers) == CLASS_NUMBERS, "the same of a class");

struct histories *
histories_new(void)
{
	struct histories *all = xcalloc(1, sizeof(*all));

	TAILQ_INIT(&all->list);
	return all;
}

void
histories_free(struct histories *all)
{
	free(all);
}

size_t
histories_count(const struct histories *all)
{
	return all->len;
}

void
history_drop(struct history **slot)
{
	struct history *h = *slot;

	if (h == NULL)
		return;
	*slot = NULL;
	TAILQ_REMOVE(&h->all->list, h, entry);
	h->all->len--;
	buf_release(&h->settings);
	free(h);
}

void
history_move(struct history **from, struct history **to)
{
	*to = *from;
	*from = NULL;
	if (*to != NULL)
		(*to)->slot = to;
}

static struct history *
history_new(struct histories *all, struct history **slot)
{
	struct history *h;

	if (all->len == HISTORIES_MAX)
		history_drop(TAILQ_FIRST(&all->list)->slot);
	h = xcalloc(1, sizeof(*h));
	h->all = all;
	h->slot = slot;
	h->id = ++all->made;
	buf_init(&h->settings, HISTORY_SETTINGS_BYTES_MAX);
	TAILQ_INSERT_TAIL(&all->list, h, entry);
	all->len++;
	return h;
}

struct history *
history_look(struct histories *all, struct history **slot, uint64_t now_us)
{
	if (*slot == NULL)
		*slot = history_new(all, slot);
	TAILQ_REMOVE(&all->list, *slot, entry);
	TAILQ_INSERT_TAIL(&all->list, *slot, entry);
	(*slot)->looked_us = now_us;
	return *slot;
}

static uint64_t
number_of(const struct reply *reply, int place, const struct found *f)
{
	struct span text;
	uint64_t n;

	if (f->key == NULL ||
	    (!reply_find(reply, place, f->collector, f->key, &text) &&
		(f->fallback_key == NULL ||
		    !reply_find(
			reply, place, f->fallback, f->fallback_key, &text))) ||
	    parse_u64(text, &n) < 0 || (f->max != 0 && n > f->max))
		return HISTORY_NONE;
	return n;
}

static void
point_take(struct history_point *p, const struct reply *reply)
{
	struct dialect dialect = dialect_of(reply);

	for (size_t i = 0; i < nitems(numbers); i++) {
		if (!numbers[i].is_rate || !dialect.rates)
			p->numbers[i] =
			    number_of(reply, REPLY_SERVER, &numbers[i]);
	}
	p->numbers[HISTORY_UPTIME] = dialect.uptime;
}

/* The place of a scrape at that time; two in one interval share it. */
static struct history_point *
history_place(struct history *h, uint64_t at_us)
{
	size_t last = (h->first + h->len - 1) % HISTORY_POINTS_MAX;

	if (h->len > 0 && h->points[last].at_us / HISTORY_INTERVAL_US ==
			      at_us / HISTORY_INTERVAL_US)
		return &h->points[last];
	if (h->len == HISTORY_POINTS_MAX)
		h->first = (h->first + 1) % HISTORY_POINTS_MAX;
	else
		h->len++;
	return &h->points[(h->first + h->len - 1) % HISTORY_POINTS_MAX];
}

static void
take_classes(struct history *h, const struct reply *reply)
{
	if (!reply_has_ended(reply, COLLECTOR_SLABS))
		return;
	h->classes_len = reply_slabs(reply);
	for (size_t i = 0; i < h->classes_len; i++) {
		struct history_class *c = &h->classes[i];

		c->number = reply_slab_number(reply, i);
		for (size_t n = 0; n < nitems(class_numbers); n++)
			c->numbers[n] =
			    number_of(reply, (int)i, &class_numbers[n]);
	}
}

/* As a string, without what would end it early. */
static void
add_text(struct buf *out, struct span text)
{
	const char *nul;

	if (text.len > HISTORY_VALUE_BYTES_MAX)
		text.len = HISTORY_VALUE_BYTES_MAX;
	nul = memchr(text.p, '\0', text.len);
	if (nul != NULL)
		text.len = (size_t)(nul - text.p);
	buf_add_span(out, text);
	buf_add_char(out, '\0');
}

/* Whole or not at all. */
static void
take_setting(struct history *h, const struct reply *reply, enum collector_id id,
    const char *key)
{
	size_t before = h->settings.len;
	struct span value;

	if (id != COLLECTOR_SETTINGS || key == NULL ||
	    !reply_find(reply, REPLY_SERVER, id, key, &value))
		return;
	buf_add(&h->settings, key, strlen(key) + 1);
	add_text(&h->settings, value);
	if (h->settings.full)
		h->settings.len = before;
}

static void
take_settings(struct history *h, const struct reply *reply)
{
	if (!reply_has_ended(reply, COLLECTOR_SETTINGS))
		return;
	h->settings.len = 0;
	h->settings.full = false;
	for (size_t i = 0; i < catalogue_len; i++) {
		const struct series *s = catalogue[i].series;

		for (; s->key != NULL; s++) {
			const struct info *info = s->info;

			if (info == NULL)
				take_setting(h, reply, s->collector, s->key);
			for (; info != NULL && info->label != NULL; info++)
				take_setting(
				    h, reply, info->collector, info->key);
		}
	}
}

static void
take_version(struct history *h, const struct reply *reply)
{
	struct span text;
	struct buf out;

	buf_init_over(&out, h->version, sizeof(h->version));
	if (!reply_find(reply, REPLY_SERVER, COLLECTOR_STATS, "version", &text))
		text = span_of("");
	add_text(&out, text);
}

void
history_note(struct history **slot, const struct reply *reply, uint64_t at_us)
{
	struct history *h = *slot;
	struct history_point *p;

	if (h == NULL)
		return;
	if (at_us > h->looked_us && at_us - h->looked_us > HISTORY_UNSEEN_US) {
		history_drop(slot);
		return;
	}
	if (h->len > 0 && history_at(h, h->len - 1)->at_us == at_us)
		return;
	p = history_place(h, at_us);
	h->notes++;
	p->at_us = at_us;
	p->is_up = reply != NULL;
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		p->numbers[i] = HISTORY_NONE;
	if (reply == NULL)
		return;
	point_take(p, reply);
	take_classes(h, reply);
	take_settings(h, reply);
	take_version(h, reply);
}

uint64_t
history_id(const struct history *h)
{
	return h->id;
}

uint64_t
history_notes(const struct history *h)
{
	return h->notes;
}

size_t
history_len(const struct history *h)
{
	return h->len;
}

const struct history_point *
history_at(const struct history *h, size_t i)
{
	return &h->points[(h->first + i) % HISTORY_POINTS_MAX];
}

/* What it was, and is not less now. */
static bool
has_grown(uint64_t from, uint64_t to)
{
	return from != HISTORY_NONE && to != HISTORY_NONE && to >= from;
}

double
history_rate(const struct history_point *from, const struct history_point *to,
    enum history_number number)
{
	uint64_t before = from->numbers[number], after = to->numbers[number];
	uint64_t up_before = from->numbers[HISTORY_UPTIME];
	uint64_t up_after = to->numbers[HISTORY_UPTIME];
	bool restarted = up_before != HISTORY_NONE &&
			 up_after != HISTORY_NONE && up_after < up_before;

	if (!has_grown(before, after) || restarted ||
	    to->at_us <= from->at_us ||
	    to->at_us - from->at_us > HISTORY_GAP_US)
		return NAN;
	return (double)(after - before) * 1e6 /
	       (double)(to->at_us - from->at_us);
}

size_t
history_classes(const struct history *h, const struct history_class **list)
{
	*list = h->classes;
	return h->classes_len;
}

const char *
history_setting(const struct history *h, size_t *at, const char **value)
{
	const char *key = h->settings.p + *at;

	if (*at >= h->settings.len)
		return NULL;
	*value = key + strlen(key) + 1;
	*at += strlen(key) + strlen(*value) + 2;
	return key;
}

const char *
history_version(const struct history *h)
{
	return h->version;
}
