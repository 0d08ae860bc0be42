#include "stats/render.h"

#include <inttypes.h>
#include <stdio.h>

#include "stats/catalogue.h"
#include "stats/dialect.h"
#include "stats/filter.h"
#include "stats/plan.h"
#include "stats/reply.h"
#include "stats/values.h"

#define PREFIX_BYTES 16

/* Collectors with series of slab classes. */
#define CLASSES                                                                \
	(COLLECTOR_BIT(COLLECTOR_SLABS) | COLLECTOR_BIT(COLLECTOR_ITEMS))

/*
 * What comes behind a name: `{slab="12"} ` or ` `, and between further labels
 * `slab="12"` or nothing. Whole arrays are copied, and `len` bytes count.
 */
struct prefix {
	char alone[PREFIX_BYTES];
	char label[PREFIX_BYTES];
	uint8_t alone_len, label_len;
};
_Static_assert(REPLY_SLAB_NUMBER_MAX <= 99999, "more digits have no room");

static void
set_prefix(struct prefix *p, uint32_t number)
{
	int len = snprintf(
	    p->alone, sizeof(p->alone), "{slab=\"%" PRIu32 "\"} ", number);

	p->alone_len = (uint8_t)len;
	p->label_len = (uint8_t)(len - 3);
	memcpy(p->label, p->alone + 1, sizeof(p->label) - 1);
}

/* The work of one call: each family in turn, at each place it has. */
struct writer {
	struct buf *out;
	enum text_format format;
	struct reply *reply;
	unsigned hidden; /* collectors that are off, of those with classes */
	struct dialect dialect;
	struct prefix server, slabs[REPLY_SLABS_MAX];

	const struct family *family;
	const uint16_t *keys; /* of its series */
	bool begun;           /* its head comes before its first sample */
};

/* How C prints a string that is not set: as good as a missing key. */
static bool
is_unset(struct span value)
{
	return span_is(value, "NULL") || span_is(value, "(null)");
}

static void
begin_family(struct writer *w)
{
	const struct family *f = w->family;

	if (w->format == TEXT_PROMETHEUS)
		buf_add_span(w->out, f->head);
	else
		text_family(w->out, w->format, f->name, f->type, f->help);
	w->begun = true;
}

static void
begin_sample(struct writer *w)
{
	if (!w->begun)
		begin_family(w);
	buf_add(w->out, w->family->name, w->family->name_len);
}

/* The labels of an info series; false when the server sent none of them. */
static bool
info_labels(
    struct buf *out, const struct info *info, const struct source *source)
{
	bool any = false;

	for (; info->label != NULL; info++) {
		struct span value;

		if (!reply_find(source->reply, source->place, info->collector,
			info->key, &value) ||
		    value.len == 0 || is_unset(value))
			continue;
		text_label(out, info->label, value);
		any = true;
	}
	return any;
}

static __attribute__((noinline)) bool
write_info(
    struct writer *w, const struct series *series, const struct source *source)
{
	struct buf labels;
	bool any;

	buf_init(&labels, TEXT_BYTES_MAX);
	buf_add_char(&labels, '{');
	any = info_labels(&labels, series->info, source);
	if (any) {
		begin_sample(w);
		buf_add(w->out, labels.p, labels.len);
		buf_add_str(w->out, "} 1\n");
	}
	buf_release(&labels);
	return any;
}

/*
 * All in front of the value. There is a sample for each key of each class, so
 * here it pays to ask for room once and to copy pieces of known length.
 */
static void
write_start(
    struct writer *w, const struct series *series, const struct prefix *prefix)
{
	const struct family *f = w->family;
	size_t before = series->before.len;
	struct buf *out = w->out;
	char *p;

	if (!w->begun)
		begin_family(w);
	if (!buf_reserve(out,
		FAMILY_NAME_BYTES + before + PREFIX_BYTES + series->after.len))
		return;
	p = out->p + out->len;
	memcpy(p, f->name, FAMILY_NAME_BYTES);
	p += f->name_len;
	if (before == 0) {
		memcpy(p, prefix->alone, PREFIX_BYTES);
		p += prefix->alone_len;
	} else {
		p = mempcpy(p, series->before.p, before);
		memcpy(p, prefix->label, PREFIX_BYTES);
		p += prefix->label_len;
		if (series->after.len > 0)
			p = mempcpy(p, series->after.p, series->after.len);
	}
	out->len = (size_t)(p - out->p);
}

static enum value_result
write_value(struct writer *w, struct span text, const struct series *series,
    const struct source *source)
{
	if (series->value != NULL)
		return series->value(w->out, text, series, source);
	if (value_copy_digits(w->out, text))
		return VALUE_WRITTEN;
	if (w->family->type == METRIC_COUNTER)
		return value_counter(w->out, text, series, source);
	return value_gauge(w->out, text, series, source);
}

/* Whether the series is there now. Inlined: it is called for each sample. */
static inline __attribute__((always_inline)) bool
write_series(struct writer *w, size_t n, const struct source *source,
    const struct prefix *prefix)
{
	const struct series *series = &w->family->series[n];
	struct buf *out = w->out;
	size_t before = out->len;
	enum value_result result;
	bool begun = w->begun;
	struct span text;

	if (series->info != NULL)
		return write_info(w, series, source);
	if (!reply_value(w->reply, source->place, w->keys[n], &text))
		return false;
	write_start(w, series, prefix);
	result = write_value(w, text, series, source);
	if (result == VALUE_WRITTEN) {
		buf_add_char(out, '\n');
		return true;
	}
	out->len = before;
	w->begun = begun;
	if (result == VALUE_BAD && !is_unset(text))
		reply_reject(w->reply, source->place, w->keys[n]);
	return false;
}

static void
write_place(struct writer *w, int place, const struct prefix *prefix)
{
	const struct source source = { w->reply, &w->dialect, place };
	const struct series *series = w->family->series;
	unsigned hidden = place == REPLY_SERVER ? 0 : w->hidden;
	bool written = false;

	for (size_t n = 0; series[n].key != NULL; n++) {
		if (series[n].instead && written)
			continue;
		if ((hidden & COLLECTOR_BIT(series[n].collector)) == 0)
			written = write_series(w, n, &source, prefix);
	}
}

static void
take_family(struct writer *w, size_t i)
{
	w->family = &catalogue[i];
	w->keys = keys_of_family(reply_keys(w->reply), i);
	w->begun = false;
}

/* What a collector added up. */
static void
render_state(
    const struct writer *w, enum collector_id id, const struct filter *filter)
{
	const struct answer *answer = collectors[id].answer;
	const void *state = reply_state(w->reply, id);

	for (size_t i = 0; state != NULL && i < answer->families_len; i++) {
		const struct answer_family *f = &answer->families[i];

		if (filter_shows(filter, f->name))
			f->render(w->out, w->format, f, state);
	}
}

void
render_reply(struct buf *out, enum text_format format, struct reply *reply,
    unsigned set, const struct filter *filter)
{
	struct writer w;
	size_t n = (set & CLASSES) != 0 ? reply_slabs(reply) : 0;

	w.out = out;
	w.format = format;
	w.reply = reply;
	w.hidden = CLASSES & ~set;
	w.dialect = dialect_of(reply);
	w.server = (struct prefix){ .alone = " ", .alone_len = 1 };
	for (size_t k = 0; k < n; k++)
		set_prefix(&w.slabs[k], reply_slab_number(reply, k));
	for (size_t i = 0; i < catalogue_len; i++) {
		if (filter != NULL && !filter_shows_row(filter, i))
			continue;
		take_family(&w, i);
		if (!w.family->slab)
			write_place(&w, REPLY_SERVER, &w.server);
		for (size_t k = 0; w.family->slab && k < n; k++)
			write_place(&w, (int)k, &w.slabs[k]);
	}
	for (enum collector_id s = 0; s < COLLECTORS; s++)
		render_state(&w, s, filter);
}

void
render_behind_stats(struct buf *out, enum text_format format,
    const struct plan *plan, const struct reply *reply,
    const struct filter *filter)
{
	static const struct probed nothing;

	if (plan->gets != NULL && reply != NULL) {
		values_render(out, format, filter, reply_values(reply));
	} else if (plan->gets != NULL) {
		struct values *unanswered = values_new(plan->gets);

		values_render(out, format, filter, unanswered);
		values_free(unanswered);
	}
	if (plan->probe != NULL)
		probe_render(out, format, filter, plan->probe,
		    reply != NULL ? reply_probed(reply) : &nothing);
}
