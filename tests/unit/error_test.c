#include "base/error.h"

#include <errno.h>

#include "base/utf8.h"

#include "support.h"

static bool
is_utf8(struct span s)
{
	while (s.len > 0) {
		size_t n = utf8_length(s);

		if (n == 0)
			return false;
		s.p += n;
		s.len -= n;
	}
	return true;
}

TEST(reasons_have_names)
{
	for (int i = 0; i < REASONS; i++) {
		const char *name = reason_name((enum reason)i);

		check(name, name[0] != '\0');
		for (int k = 0; k < i; k++)
			check(name, strcmp(name, reason_name(k)) != 0);
	}
}

TEST(errno_to_reason)
{
	static const struct {
		int err;
		const char *reason;
	} rows[] = {
		{ ECONNREFUSED, "refused" },
		{ ENOENT, "refused" },
		{ EAGAIN, "timeout" },
		{ ETIMEDOUT, "timeout" },
		{ ECONNRESET, "closed" },
		{ EPIPE, "closed" },
		{ EHOSTUNREACH, "unreachable" },
		{ EACCES, "unreachable" },
		{ EMFILE, "busy" },
		{ ENFILE, "busy" },
		{ 0, "unreachable" },
	};

	for (EACH(r, rows))
		check_text(strerror(r->err),
		    span_of(reason_name(reason_of_errno(r->err))), r->reason);
}

TEST(sentences)
{
	struct error e = { .reason = REASON_DNS };

	check_number("set", error_set(&e, "%s: %d", "line", 7), -1);
	check_number("set", e.reason, REASON_OTHER);
	check_text("set", span_of(e.text), "line: 7");
	check_number(
	    "because", error_because(&e, REASON_AUTH, "%s", "who are you"), -1);
	check_number("because", e.reason, REASON_AUTH);
	check_text("because", span_of(e.text), "who are you");
}

/* front, 600 times middle, end; whole: what is left of it */
TEST(long_sentence_keeps_both_ends)
{
	static const struct {
		const char *front, *middle, *end;
	} rows[] = {
		{ "/etc/", "x", "/a.yml:3:5: unknown key \"tmeout\"" },
		{ "", "x", "" },
		{ "M\xc3\xbc", "\xc3\xbc", "nchen" },
		{ "1", "\xf0\x9f\x90\x98", "2" },
		{ "12", "\xf0\x9f\x90\x98", "34" },
		{ "not UTF-8", "\x80", "\x80" },
	};

	for (EACH(r, rows)) {
		struct buf text;
		struct error e;
		struct span got;

		buf_init(&text, 1 << 12);
		for (int i = 0; i < 600; i++)
			buf_add_str(&text, r->middle);
		(void)error_set(
		    &e, "%s%.*s%s", r->front, (int)text.len, text.p, r->end);
		got = span_of(e.text);
		check(r->front, got.len < ERROR_TEXT_MAX);
		check(r->front, got.len > ERROR_TEXT_MAX - 12);
		check(r->front, span_begins(got, r->front));
		check(r->front, strstr(e.text, " ... ") != NULL);
		check_text(r->front, span_of(e.text + got.len - strlen(r->end)),
		    r->end);
		check(r->front, r->middle[0] == '\x80' || is_utf8(got));
		buf_release(&text);
	}
}

TEST(sentence_that_just_fits)
{
	char text[ERROR_TEXT_MAX + 1];
	struct error e;

	memset(text, 'x', sizeof(text));
	text[ERROR_TEXT_MAX] = '\0';
	(void)error_set(&e, "%s", text);
	check("one too many", strstr(e.text, " ... ") != NULL);
	text[ERROR_TEXT_MAX - 1] = '\0';
	(void)error_set(&e, "%s", text);
	check_text("fits", span_of(e.text), text);
}

TEST(heard)
{
	static const struct {
		const char *row;
		struct span words;
		const char *whole;
	} rows[] = {
		{ "nothing", SPAN(""), "got:" },
		{ "words", SPAN("220 mx"), "got: 220 mx" },
		{ "NUL", SPAN("a\0b"), "got: a" },
		{ "long",
		    SPAN("123456789012345678901234567890123456789012345678"
			 "90123456789012345678901234567890123456789012345"
			 "678901234567890"),
		    "got: 123456789012345678901234567890123456789012345678"
		    "90123456789012345678901234567890123456789012345" },
	};

	for (EACH(r, rows)) {
		struct error e;
		char whole[ERROR_WHOLE_MAX];

		assert_int_equal(error_because(&e, REASON_CLOSED, "got:"), -1);
		assert_int_equal(error_hear(&e, r->words), -1);
		check_text(r->row, span_of(e.text), "got:");
		check_text(r->row, span_of(error_whole(&e, whole)), r->whole);
		/* the next error is another one */
		(void)error_set(&e, "else");
		check_text(r->row, span_of(error_whole(&e, whole)), "else");
	}
}

TESTS("error", T(heard), T(reasons_have_names), T(errno_to_reason),
    T(sentences), T(long_sentence_keeps_both_ends), T(sentence_that_just_fits))
