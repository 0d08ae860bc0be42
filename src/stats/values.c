#include "stats/values.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "stats/catalogue.h"
#include "stats/filter.h"

/* Of one query: no more than its keys with labels of U+FFFD make. */
#define SAMPLES_BYTES_MAX (4U << 20)

#define NUMBER_BYTES_MAX 128

static const char *const error_names[] = {
	[VALUES_UNANSWERED] = "unanswered",
	[VALUES_REFUSED] = "refused",
	[VALUES_OTHER_KEY] = "other_key",
	[VALUES_LENGTH] = "length",
	[VALUES_TOO_LARGE] = "too_large",
	[VALUES_COLUMNS] = "columns",
	[VALUES_LABEL] = "label",
	[VALUES_NUMBER] = "number",
	[VALUES_DUPLICATE] = "duplicate",
};
_Static_assert(nitems(error_names) == VALUES_ERRORS, "a name for each error");

/* A line of the text: name and labels, and all of it. */
struct sample {
	uint32_t at, name_len, len;
};

struct results {
	const struct metric_query *query;
	size_t asked, answered;
	struct buf text; /* samples as they are rendered */
	struct sample *samples;
	size_t len;
	uint64_t errors[VALUES_ERRORS];
};

struct values {
	struct gets *gets;
	struct results *results; /* one for each of its queries */
};

struct values *
values_new(struct gets *gets)
{
	struct values *v = xcalloc(1, sizeof(*v));

	v->gets = gets_hold(gets);
	v->results = xcalloc(gets->queries_len + 1, sizeof(*v->results));
	for (size_t i = 0; i < gets->queries_len; i++) {
		v->results[i].query = gets->queries[i];
		buf_init(&v->results[i].text, SAMPLES_BYTES_MAX);
	}
	for (size_t i = 0; i < gets->len; i++)
		v->results[gets->list[i].query].asked++;
	return v;
}

void
values_free(struct values *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->gets->queries_len; i++) {
		buf_release(&v->results[i].text);
		free(v->results[i].samples);
	}
	free(v->results);
	gets_release(v->gets);
	free(v);
}

void
values_fail(struct values *v, size_t query, enum values_error why)
{
	if (v != NULL)
		v->results[query].errors[why]++;
}

void
values_answered(struct values *v, size_t query)
{
	if (v != NULL)
		v->results[query].answered++;
}

static const char *
sample_text(const struct results *r, const struct sample *s)
{
	return r->text.p + s->at;
}

static bool
is_duplicate(const struct results *r, struct span name)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct sample *s = &r->samples[i];

		if (s->name_len == name.len &&
		    memcmp(sample_text(r, s), name.p, name.len) == 0)
			return true;
	}
	return false;
}

/* The sample that the text ends in is one; at most as many as keys. */
static void
keep_sample(struct results *r, size_t at, size_t name_len)
{
	if (r->samples == NULL)
		r->samples = xcalloc(r->query->keys_len, sizeof(*r->samples));
	r->samples[r->len++] = (struct sample){ .at = (uint32_t)at,
		.name_len = (uint32_t)name_len,
		.len = (uint32_t)(r->text.len - at) };
}

/*
 * Cuts a value into as many columns as the query has; returns how many there
 * are in it, or one more than the query has.
 */
static size_t
split(const struct metric_query *q, struct span value, struct span *columns)
{
	size_t separator = strlen(q->separator), n = 0;
	const char *end = value.p + value.len, *p = value.p, *next;

	for (; n < q->columns; p = next + separator) {
		next = memmem(p, (size_t)(end - p), q->separator, separator);
		columns[n++] = (struct span){ p,
			(size_t)((next != NULL ? next : end) - p) };
		if (next == NULL)
			return n;
	}
	return n + 1;
}

/* As CHAR columns are padded. */
static struct span
trim(struct span s)
{
	while (s.len > 0 && s.p[0] == ' ') {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && s.p[s.len - 1] == ' ')
		s.len--;
	return s;
}

static enum value_result
add_plain(struct buf *out, const struct metric_query *q, struct span text)
{
	if (q->type != METRIC_COUNTER)
		return value_signed(out, text, NULL, NULL);
	if (value_counter(out, text, NULL, NULL) == VALUE_WRITTEN)
		return VALUE_WRITTEN;
	return value_gauge(out, text, NULL, NULL);
}

/* strtod reads only what the plain number has become. */
static bool
add_scaled(struct buf *out, const struct metric_query *q, struct span text)
{
	char bytes[NUMBER_BYTES_MAX];
	struct buf plain;
	double d;

	buf_init_over(&plain, bytes, sizeof(bytes));
	if (add_plain(&plain, q, text) != VALUE_WRITTEN)
		return false;
	buf_add_char(&plain, '\0');
	if (plain.full)
		return false;
	d = strtod(plain.p, NULL) * q->scale;
	if (!__builtin_isfinite(d))
		return false;
	text_double(out, d);
	return true;
}

static bool
add_number(struct buf *out, const struct metric_query *q, struct span text)
{
	return q->scale != 0.0 ? add_scaled(out, q, text)
			       : add_plain(out, q, text) == VALUE_WRITTEN;
}

/* The name of the sample with its labels; false when one is too long. */
static bool
add_name(
    struct buf *out, const struct metric_query *q, const struct span *columns)
{
	buf_add_str(out, q->name);
	if (q->labels_len == 0)
		return true;
	buf_add_char(out, '{');
	for (size_t i = 0; i < q->labels_len; i++) {
		struct span value = columns[q->labels[i].column];

		if (value.len > VALUES_LABEL_BYTES_MAX)
			return false;
		text_label(out, q->labels[i].name, value);
	}
	buf_add_char(out, '}');
	return true;
}

/* Appends a sample, or says why there is none. */
static enum values_error
add_sample(struct results *r, const struct span *columns, struct span number)
{
	struct buf *out = &r->text;
	size_t at = out->len, name_len;

	if (!add_name(out, r->query, columns))
		return VALUES_LABEL;
	name_len = out->len - at;
	buf_add_char(out, ' ');
	if (!add_number(out, r->query, number))
		return VALUES_NUMBER;
	buf_add_char(out, '\n');
	if (out->full)
		return VALUES_TOO_LARGE;
	if (is_duplicate(r, (struct span){ out->p + at, name_len }) ||
	    r->len == r->query->keys_len)
		return VALUES_DUPLICATE;
	keep_sample(r, at, name_len);
	return VALUES_ERRORS;
}

void
values_take(struct values *v, size_t query, struct span value)
{
	struct span columns[QUERY_COLUMNS_MAX], number = value;
	struct results *r;
	enum values_error why;
	const struct metric_query *q;
	size_t before;

	if (v == NULL)
		return;
	r = &v->results[query];
	q = r->query;
	before = r->text.len;
	if (q->columns > 0) {
		if (split(q, value, columns) != q->columns) {
			values_fail(v, query, VALUES_COLUMNS);
			return;
		}
		number = columns[q->value];
	}
	number = trim(number);
	if (number.len == 0) /* NULL, or an empty text */
		return;
	why = add_sample(r, columns, number);
	if (why == VALUES_ERRORS)
		return;
	r->text.len = before;
	r->text.full = false;
	values_fail(v, query, why);
}

static void
add_results(struct results *r, const struct results *other)
{
	r->asked += other->asked;
	r->answered += other->answered;
	for (size_t i = 0; i < VALUES_ERRORS; i++)
		r->errors[i] += other->errors[i];
	for (size_t i = 0; i < other->len; i++) {
		const struct sample *s = &other->samples[i];
		const char *p = sample_text(other, s);
		size_t at = r->text.len;

		if (is_duplicate(r, (struct span){ p, s->name_len }) ||
		    r->len == r->query->keys_len) {
			r->errors[VALUES_DUPLICATE]++;
			continue;
		}
		buf_add(&r->text, p, s->len);
		keep_sample(r, at, s->name_len);
	}
}

void
values_add(struct values *v, const struct values *others)
{
	size_t at = 0;

	if (v == NULL || others == NULL)
		return;
	for (size_t i = 0; i < others->gets->queries_len; i++, at++) {
		while (v->results[at].query != others->results[i].query)
			at++;
		add_results(&v->results[at], &others->results[i]);
	}
}

struct values *
values_copy(const struct values *v)
{
	struct values *copy;

	if (v == NULL)
		return NULL;
	copy = values_new(v->gets);
	for (size_t i = 0; i < v->gets->queries_len; i++)
		copy->results[i].asked = 0;
	values_add(copy, v);
	return copy;
}

static uint64_t
errors_of(const struct results *r, size_t error)
{
	uint64_t n = r->errors[error];

	return error == VALUES_UNANSWERED ? n + r->asked - r->answered : n;
}

static bool
is_success(const struct results *r)
{
	for (size_t i = 0; i < VALUES_ERRORS; i++) {
		if (errors_of(r, i) > 0)
			return false;
	}
	return true;
}

enum {
	SUCCESS,
	ERRORS
};

static const struct {
	const char *name, *help;
} families[] = {
	[SUCCESS] = { "memcached_query_success",
	    "1 when the server answered all keys of a query, and no sample was"
	    " lost." },
	[ERRORS] = { "memcached_query_errors",
	    "Samples of a query that this scrape lacks, by reason." },
};

static void
render_success(struct buf *out, enum text_format format, const struct values *v)
{
	const char *name = families[SUCCESS].name;

	text_family(out, format, name, METRIC_GAUGE, families[SUCCESS].help);
	for (size_t i = 0; i < v->gets->queries_len; i++)
		text_sample_of(out, name, "query", v->results[i].query->name,
		    is_success(&v->results[i]));
}

static void
render_errors(struct buf *out, enum text_format format, const struct values *v)
{
	const char *name = families[ERRORS].name;
	bool begun = false;

	for (size_t i = 0; i < v->gets->queries_len * VALUES_ERRORS; i++) {
		const struct results *r = &v->results[i / VALUES_ERRORS];
		uint64_t n = errors_of(r, i % VALUES_ERRORS);

		if (n == 0)
			continue;
		if (!begun)
			text_family(out, format, name, METRIC_GAUGE,
			    families[ERRORS].help);
		begun = true;
		buf_printf(out, "%s{query=\"%s\",reason=\"%s\"} ", name,
		    r->query->name, error_names[i % VALUES_ERRORS]);
		buf_add_u64(out, n);
		buf_add_char(out, '\n');
	}
}

void
values_render(struct buf *out, enum text_format format,
    const struct filter *filter, const struct values *v)
{
	if (v->gets->queries_len == 0)
		return;
	for (size_t i = 0; i < v->gets->queries_len; i++) {
		const struct results *r = &v->results[i];

		if (r->len == 0 || !filter_shows(filter, r->query->name))
			continue;
		text_family(out, format, r->query->name, r->query->type,
		    r->query->help);
		buf_add(out, r->text.p, r->text.len);
	}
	if (filter_shows(filter, families[SUCCESS].name))
		render_success(out, format, v);
	if (filter_shows(filter, families[ERRORS].name))
		render_errors(out, format, v);
}

void
values_families(text_family_fn *each, void *arg)
{
	for (size_t i = 0; i < nitems(families); i++)
		each(families[i].name, arg);
}
