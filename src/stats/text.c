#include "stats/text.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"

#define TOTAL "_total"

#define DOUBLE_TEXT_MAX 32 /* "-1.2345678901234567e-300" */

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
	[METRIC_UNKNOWN] = "untyped",
};
_Static_assert(nitems(type_names) == METRIC_TYPES, "a name for each type");

/* As names end in them; of OpenMetrics' base units, those that ours have. */
static const char *const units[] = { "_seconds", "_bytes" };

const char *
metric_type_name(enum metric_type type)
{
	return type_names[type];
}

static bool
ends_in(struct span s, const char *tail)
{
	size_t n = strlen(tail);

	return n <= s.len && memcmp(s.p + s.len - n, tail, n) == 0;
}

/* "# TYPE family ", and what follows. */
static void
begin_meta(struct buf *out, const char *what, struct span family)
{
	buf_add_str(out, what);
	buf_add_span(out, family);
	buf_add_char(out, ' ');
}

static void
meta(struct buf *out, const char *what, struct span family, const char *text)
{
	begin_meta(out, what, family);
	buf_add_str(out, text);
	buf_add_char(out, '\n');
}

/* OpenMetrics has quotes escaped here too. */
static void
openmetrics_help(struct buf *out, struct span family, const char *help)
{
	const char *quote;

	begin_meta(out, "# HELP ", family);
	for (; (quote = strchr(help, '"')) != NULL; help = quote + 1) {
		buf_add(out, help, (size_t)(quote - help));
		buf_add_str(out, "\\\"");
	}
	buf_add_str(out, help);
	buf_add_char(out, '\n');
}

static void
openmetrics_family(struct buf *out, struct span family, enum metric_type type,
    const char *help)
{
	const char *type_name = metric_type_name(type);

	if (type == METRIC_COUNTER && ends_in(family, TOTAL))
		family.len -= strlen(TOTAL);
	else if (type == METRIC_COUNTER || type == METRIC_UNKNOWN)
		type_name = "unknown";
	meta(out, "# TYPE ", family, type_name);
	for (size_t i = 0; i < nitems(units); i++) {
		if (ends_in(family, units[i]))
			meta(out, "# UNIT ", family, units[i] + 1);
	}
	openmetrics_help(out, family, help);
}

void
text_family(struct buf *out, enum text_format format, const char *name,
    enum metric_type type, const char *help)
{
	struct span family = span_of(name);

	if (format == TEXT_OPENMETRICS) {
		openmetrics_family(out, family, type, help);
		return;
	}
	meta(out, "# HELP ", family, help);
	meta(out, "# TYPE ", family, metric_type_name(type));
}

void
text_end(struct buf *out, enum text_format format)
{
	if (format == TEXT_OPENMETRICS)
		buf_add_str(out, "# EOF\n");
}

void
text_label(struct buf *out, const char *name, struct span value)
{
	if (out->len > 0 && out->p[out->len - 1] != '{')
		buf_add_char(out, ',');
	buf_add_str(out, name);
	buf_add_str(out, "=\"");
	escape_label(out, value);
	buf_add_char(out, '"');
}

static void
end_sample(struct buf *out, uint64_t value)
{
	buf_add_char(out, ' ');
	buf_add_u64(out, value);
	buf_add_char(out, '\n');
}

void
text_sample_u64(struct buf *out, const char *name, uint64_t value)
{
	buf_add_str(out, name);
	end_sample(out, value);
}

void
text_sample_of(struct buf *out, const char *name, const char *label,
    const char *label_value, uint64_t value)
{
	buf_add_str(out, name);
	buf_add_char(out, '{');
	buf_add_str(out, label);
	buf_add_str(out, "=\"");
	buf_add_str(out, label_value);
	buf_add_str(out, "\"}");
	end_sample(out, value);
}

/* OpenMetrics has a bound as a float: "1.0", where others have "1". */
static void
add_bound(struct buf *out, enum text_format format, double bound)
{
	size_t before = out->len;

	text_double(out, bound);
	if (format == TEXT_OPENMETRICS && !out->full &&
	    memchr(out->p + before, '.', out->len - before) == NULL &&
	    memchr(out->p + before, 'e', out->len - before) == NULL)
		buf_add_str(out, ".0");
}

void
text_histogram(struct buf *out, enum text_format format, const char *name,
    const char *help, const struct histogram *h)
{
	uint64_t count = 0;

	text_family(out, format, name, METRIC_HISTOGRAM, help);
	for (size_t i = 0; i <= h->len; i++) {
		count += h->counts[i];
		buf_add_str(out, name);
		buf_add_str(out, "_bucket{le=\"");
		if (i < h->len)
			add_bound(out, format, h->bounds[i]);
		else
			buf_add_str(out, "+Inf");
		buf_add_char(out, '"');
		buf_add_char(out, '}');
		end_sample(out, count);
	}
	buf_add_str(out, name);
	buf_add_str(out, "_sum ");
	text_double(out, h->sum);
	buf_add_char(out, '\n');
	buf_add_str(out, name);
	buf_add_str(out, "_count");
	end_sample(out, count);
}

void
text_seconds(struct buf *out, uint64_t us)
{
	char fraction[8] = { '.' };
	uint64_t rest = us % 1000000;

	buf_add_u64(out, us / 1000000);
	if (rest == 0)
		return;
	for (size_t i = 6; i > 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	buf_add(out, fraction, 7);
}

void
text_double(struct buf *out, double d)
{
	char text[DOUBLE_TEXT_MAX];

	for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_add_str(out, text);
}
