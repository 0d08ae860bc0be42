#include "base/escape.h"

#include <stdbool.h>

#include "base/span.h"
#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Appends one character, or one byte that belongs to none (is_bad). */
typedef void one_fn(struct buf *out, struct span c, bool is_bad);

static void
each(struct buf *out, struct span s, one_fn *one)
{
	while (s.len > 0) {
		size_t n = utf8_length(s);
		size_t len = n > 0 ? n : 1;

		one(out, (struct span){ s.p, len }, n == 0);
		s.p += len;
		s.len -= len;
	}
}

/* C0, DEL, and C1 (two bytes, C2 80 to C2 9F): what a terminal obeys. */
static bool
is_control(struct span c)
{
	unsigned char first = (unsigned char)c.p[0];

	if (c.len == 2)
		return first == 0xc2 && (unsigned char)c.p[1] < 0xa0;
	return c.len == 1 && (first < ' ' || first == 0x7f);
}

static unsigned char
last_byte(struct span c)
{
	return (unsigned char)c.p[c.len - 1];
}

/* What all kinds of quotes write alike. */
static void
one_quoted(struct buf *out, struct span c)
{
	const char pair[2] = { '\\', c.p[0] };

	/* both or none, where the buffer ends */
	if (c.p[0] == '\n')
		buf_add_str(out, "\\n");
	else if (c.p[0] == '"' || c.p[0] == '\\')
		buf_add(out, pair, sizeof(pair));
	else
		buf_add_span(out, c);
}

static void
one_of_log(struct buf *out, struct span c, bool is_bad)
{
	if (is_bad || (is_control(c) && c.p[0] != '\n'))
		buf_printf(out, "\\x%02x", last_byte(c));
	else
		one_quoted(out, c);
}

static void
one_of_line(struct buf *out, struct span c, bool is_bad)
{
	if (is_bad || is_control(c))
		buf_printf(out, "\\x%02x", last_byte(c));
	else
		buf_add_span(out, c);
}

static void
one_of_json(struct buf *out, struct span c, bool is_bad)
{
	if (is_bad)
		buf_add_str(out, "\\ufffd");
	else if (is_control(c) && c.p[0] != '\n')
		buf_printf(out, "\\u%04x", last_byte(c));
	else
		one_quoted(out, c);
}

static void
one_of_label(struct buf *out, struct span c, bool is_bad)
{
	if (is_bad || (is_control(c) && c.p[0] != '\n'))
		buf_add_str(out, REPLACEMENT);
	else
		one_quoted(out, c);
}

static void
one_of_html(struct buf *out, struct span c, bool is_bad)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = {
		{ '&', "&amp;" },
		{ '<', "&lt;" },
		{ '>', "&gt;" },
		{ '"', "&quot;" },
		{ '\'', "&#39;" },
	};

	if (is_bad || is_control(c)) {
		buf_add_str(out, REPLACEMENT);
		return;
	}
	for (size_t i = 0; i < nitems(entities); i++) {
		if (c.p[0] == entities[i].c) {
			buf_add_str(out, entities[i].entity);
			return;
		}
	}
	buf_add_span(out, c);
}

void
escape_log(struct buf *out, const char *text)
{
	each(out, span_of(text), one_of_log);
}

void
escape_line(struct buf *out, const char *text)
{
	each(out, span_of(text), one_of_line);
}

void
escape_json(struct buf *out, const char *text)
{
	each(out, span_of(text), one_of_json);
}

void
escape_html(struct buf *out, const char *text)
{
	each(out, span_of(text), one_of_html);
}

void
escape_label(struct buf *out, struct span value)
{
	each(out, value, one_of_label);
}
