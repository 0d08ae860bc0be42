#include "stats/render.h"

#include "stats/catalogue.h"

#define CLASS_BYTES 16

/* `{slab="12"`: whole arrays are copied, and `len` bytes count. */
struct slab_label {
	char text[CLASS_BYTES];
	size_t len;
};

static void
name_class(struct slab_label *c, uint32_t number)
{
	struct buf b = { .p = c->text, .cap = CLASS_BYTES, .max = CLASS_BYTES };

	buf_add_str(&b, "{slab=\"");
	buf_add_u64(&b, number);
	buf_add_char(&b, '"');
	c->len = b.len;
}

/* The work of one call: each family in turn, at each place it has. */
struct writer {
	struct buf *out;
	enum text_format format;
	struct reply *reply;
	struct slab_label classes[REPLY_SLABS_MAX];

	const struct family *family;
	const uint16_t *keys; /* of its series */
	size_t name_len;
	bool begun; /* its head comes before its first sample */
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
	buf_add(w->out, w->family->name, w->name_len);
}

/* The labels of an info series; false when the server sent none of them. */
static bool
info_labels(
    struct buf *out, const struct info *info, const struct source *source)
{
	bool any = false;

	for (; info->label != NULL; info++) {
		struct span value;

		if (!reply_find(source->reply, source->place, info->section,
			info->key, &value) ||
		    value.len == 0 || is_unset(value))
			continue;
		text_label(out, info->label, value);
		any = true;
	}
	return any;
}

static bool
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
write_start(struct writer *w, const struct series *series, int place)
{
	static const struct slab_label server = { .len = 0 };
	const struct slab_label *class =
	    place == REPLY_SERVER ? &server : &w->classes[place];
	struct span labels = series->labels;
	struct buf *out = w->out;
	char *p;

	if (!w->begun)
		begin_family(w);
	if (!buf_reserve(out, w->name_len + CLASS_BYTES + labels.len + 3))
		return;
	p = mempcpy(out->p + out->len, w->family->name, w->name_len);
	(void)memcpy(p, class->text, CLASS_BYTES);
	p += class->len;
	if (labels.len > 0) {
		*p++ = class->len > 0 ? ',' : '{';
		p = mempcpy(p, labels.p, labels.len);
	}
	if (labels.len + class->len > 0)
		*p++ = '}';
	*p++ = ' ';
	out->len = (size_t)(p - out->p);
}

/* Whether the series is there now. */
static bool
write_series(struct writer *w, size_t n, const struct source *source)
{
	const struct series *series = &w->family->series[n];
	value_fn *value = series->value != NULL ? series->value : value_uint;
	struct buf *out = w->out;
	size_t before = out->len;
	bool begun = w->begun;
	struct span text;

	if (series->info != NULL)
		return write_info(w, series, source);
	if (!reply_value(w->reply, source->place, w->keys[n], &text) ||
	    is_unset(text))
		return false;
	write_start(w, series, source->place);
	if (value(out, text, series, source) < 0) {
		out->len = before;
		w->begun = begun;
		reply_reject(w->reply, source->place, w->keys[n]);
		return false;
	}
	buf_add_char(out, '\n');
	return true;
}

static void
write_place(struct writer *w, int place)
{
	const struct source source = { w->reply, place };
	const struct series *series = w->family->series;
	bool written = false;

	for (size_t n = 0; series[n].key != NULL; n++) {
		if (series[n].instead && written)
			continue;
		written = write_series(w, n, &source);
	}
}

static void
take_family(struct writer *w, size_t i)
{
	w->family = &catalogue[i];
	w->keys = keys_of_family(reply_keys(w->reply), i);
	w->name_len = strlen(w->family->name);
	w->begun = false;
}

void
render_reply(
    struct buf *out, enum text_format format, struct reply *reply, bool slabs)
{
	struct writer w = { .out = out, .format = format, .reply = reply };
	size_t n = slabs ? reply_slabs(reply) : 0;

	for (size_t k = 0; k < n; k++)
		name_class(&w.classes[k], reply_slab_number(reply, k));
	for (size_t i = 0; i < catalogue_len; i++) {
		take_family(&w, i);
		if (!w.family->slab)
			write_place(&w, REPLY_SERVER);
		for (size_t k = 0; w.family->slab && k < n; k++)
			write_place(&w, (int)k);
	}
}
