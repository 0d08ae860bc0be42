#include "base/error.h"

#include <errno.h>

#include "support.h"

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

TEST(long_sentence_is_cut)
{
	char text[2 * ERROR_TEXT_MAX];
	struct error e;

	memset(text, 'x', sizeof(text));
	(void)error_set(&e, "%.*s", (int)sizeof(text), text);
	text[ERROR_TEXT_MAX - 1] = '\0';
	check_text("long", span_of(e.text), text);
}

TESTS("error", T(reasons_have_names), T(errno_to_reason), T(sentences),
    T(long_sentence_is_cut))
