#include "stats/render.h"

#include "stats/catalogue.h"
#include "stats/text.h"

/* One family while it is written: its head comes before its first sample. */
struct writer {
	struct buf *out;
	const struct family *family;
	size_t name_len;
	bool begun;
};

static void
begin_sample(struct writer *w)
{
	if (!w->begun)
		text_family(w->out, w->family->name,
		    metric_type_name(w->family->type), w->family->help);
	w->begun = true;
	buf_add(w->out, w->family->name, w->name_len);
}

/* How C prints a string that is not set: as good as a missing key. */
static bool
is_unset(struct span value)
{
	return span_is(value, "NULL") || span_is(value, "(null)");
}

/* The labels of an info series; false when the server sent none of them. */
static bool
info_labels(struct buf *out, const struct info *info,
    const struct source *source)
{
	bool any = false;

	for (; info->label != NULL; info++) {
		struct span value;

		if (!reply_get(source->reply, info->section, source->slab,
			info->key, &value) ||
		    value.len == 0 || is_unset(value))
			continue;
		text_label(out, info->label, value);
		any = true;
	}
	return any;
}

static bool
write_info(struct writer *w, const struct series *series,
    const struct source *source)
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

static void
write_labels(struct buf *out, const struct series *series, uint32_t slab)
{
	if (slab != REPLY_NO_SLAB) {
		buf_add_str(out, "{slab=\"");
		buf_add_u64(out, slab);
		buf_add_char(out, '"');
	}
	if (series->labels != NULL) {
		buf_add_char(out, slab == REPLY_NO_SLAB ? '{' : ',');
		buf_add_str(out, series->labels);
	}
	if (slab != REPLY_NO_SLAB || series->labels != NULL)
		buf_add_char(out, '}');
	buf_add_char(out, ' ');
}

/* Whether the series is there now. */
static bool
write_series(struct writer *w, const struct series *series,
    const struct source *source)
{
	value_fn *value = series->value != NULL ? series->value : value_uint;
	struct buf *out = w->out;
	struct span text;
	size_t before = out->len;
	bool begun = w->begun;

	if (series->info != NULL)
		return write_info(w, series, source);
	if (!reply_get(source->reply, series->section, source->slab,
		series->key, &text) ||
	    is_unset(text))
		return false;
	begin_sample(w);
	write_labels(out, series, source->slab);
	if (value(out, text, series, source) < 0) {
		out->len = before;
		w->begun = begun;
		reply_reject(source->reply, series->section, source->slab,
		    series->key);
		return false;
	}
	buf_add_char(out, '\n');
	return true;
}

static void
write_all(struct writer *w, const struct source *source)
{
	bool written = false;

	for (const struct series *s = w->family->series; s->key != NULL; s++) {
		if (s->instead && written)
			continue;
		written = write_series(w, s, source);
	}
}

void
render_reply(struct buf *out, struct reply *reply, bool slabs)
{
	const uint32_t *numbers;
	size_t n = reply_slabs(reply, &numbers);

	for (size_t i = 0; i < catalogue_len; i++) {
		struct writer w = { .out = out, .family = &catalogue[i] };
		struct source source = { reply, REPLY_NO_SLAB };

		w.name_len = strlen(w.family->name);
		if (!w.family->slab) {
			write_all(&w, &source);
			continue;
		}
		for (size_t k = 0; slabs && k < n; k++) {
			source.slab = numbers[k];
			write_all(&w, &source);
		}
	}
}
