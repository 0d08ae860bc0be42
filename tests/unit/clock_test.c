#include "base/clock.h"

#include "support.h"

TEST(texts)
{
	static const struct {
		time_t t;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1769860805, "2026-01-31T12:00:05Z" },
		{ 4107542399, "2100-02-28T23:59:59Z" },
		{ INT64_MAX, "" },
	};

	for (EACH(r, rows)) {
		char text[CLOCK_TEXT_MAX] = "before";

		clock_text(r->t, text);
		check_text(r->text, span_of(text), r->text);
	}
}

TESTS("clock", T(texts))
