#include "base/escape.h"

#include "support.h"

#define BYTES_MAX 256

#define MARK "\xEF\xBF\xBD" /* U+FFFD */

/* How a text comes out in each place. */
TEST(texts)
{
	static const struct {
		const char *text;
		const char *log;
		const char *json;
		const char *html;
	} rows[] = {
		{ "", "", "", "" },
		{ "a b", "a b", "a b", "a b" },
		{ "\"><script>alert(1)</script>",
		    "\\\"><script>alert(1)</script>",
		    "\\\"><script>alert(1)</script>",
		    "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "' onload='x", "' onload='x", "' onload='x",
		    "&#39; onload=&#39;x" },
		{ "&amp;", "&amp;", "&amp;", "&amp;amp;" },
		{ "\\", "\\\\", "\\\\", "\\" },
		{ "a\nb", "a\\nb", "a\\nb", "a" MARK "b" },
		{ "\r\t", "\\x0d\\x09", "\\u000d\\u0009", MARK MARK },
		{ "\x1b[2J", "\\x1b[2J", "\\u001b[2J", MARK "[2J" },
		{ "\x7f", "\\x7f", "\\u007f", MARK },
		{ "\xc2\x9f", "\\x9f", "\\u009f", MARK },
		{ "\xc2\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
		{ "M\xc3\xbcnchen", "M\xc3\xbcnchen", "M\xc3\xbcnchen",
		    "M\xc3\xbcnchen" },
		{ "\xf0\x9f\x90\x98", "\xf0\x9f\x90\x98", "\xf0\x9f\x90\x98",
		    "\xf0\x9f\x90\x98" },
		{ "\xff<", "\\xff<", "\\ufffd<", MARK "&lt;" },
		/* a lead byte must not swallow what follows it */
		{ "\xc3<", "\\xc3<", "\\ufffd<", MARK "&lt;" },
		{ "\xe2\x82\"", "\\xe2\\x82\\\"", "\\ufffd\\ufffd\\\"",
		    MARK MARK "&quot;" },
		{ "\xc0\xbc", "\\xc0\\xbc", "\\ufffd\\ufffd", MARK MARK },
	};
	static void (*const escape[])(struct buf *,
	    const char *) = { escape_log, escape_json, escape_html };

	for (EACH(r, rows)) {
		const char *wanted[] = { r->log, r->json, r->html };

		for (size_t i = 0; i < nitems(escape); i++) {
			struct buf out;

			buf_init(&out, BYTES_MAX);
			escape[i](&out, r->text);
			check_text(r->text, span_of_buf(&out), wanted[i]);
			buf_release(&out);
		}
	}
}

/* In a label, where NUL too is a byte of the text. */
TEST(labels)
{
	static const struct {
		const char *name;
		struct span text;
		const char *wanted;
	} rows[] = {
		{ "plain", SPAN("a b"), "a b" },
		{ "quotes", SPAN("a\"b\\c\nd"), "a\\\"b\\\\c\\nd" },
		{ "ESC and BEL", SPAN("\x1b]0;x\a"), MARK "]0;x" MARK },
		{ "CR, TAB and NUL", SPAN("\r\t\0"), MARK MARK MARK },
		{ "DEL", SPAN("\x7f"), MARK },
		{ "C1", SPAN("\xc2\x80\xc2\x9b\xc2\x9f"), MARK MARK MARK },
		{ "behind C1", SPAN("\xc2\xa0"), "\xc2\xa0" },
		{ "no UTF-8", SPAN("\x9b\xff"), MARK MARK },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, BYTES_MAX);
		escape_label(&out, r->text);
		check_text(r->name, span_of_buf(&out), r->wanted);
		buf_release(&out);
	}
}

/* What a person reads who started the program. */
TEST(lines)
{
	static const struct {
		const char *text;
		const char *line;
	} rows[] = {
		{ "", "" },
		{ "--x=\"C:\\\": it's", "--x=\"C:\\\": it's" },
		{ "a\nb\r\t", "a\\x0ab\\x0d\\x09" },
		{ "\x1b[2J\x07", "\\x1b[2J\\x07" },
		{ "\xc2\x9b", "\\x9b" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "M\xc3\xbcnchen", "M\xc3\xbcnchen" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, BYTES_MAX);
		escape_line(&out, r->text);
		check_text(r->text, span_of_buf(&out), r->line);
		buf_release(&out);
	}
}

TESTS("escape", T(texts), T(labels), T(lines))
