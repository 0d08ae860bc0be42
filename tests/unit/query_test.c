#include "http/query.h"

#include "support.h"

#define A64                                                                    \
	"a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"     \
	"a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"     \
	"a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"     \
	"a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1"

/* Each value of a, with a bar behind it. */
static void
check_values(const char *row, const struct query *q, const char *wanted)
{
	struct buf got;
	const char *value;
	size_t at = 0;

	buf_init(&got, 1024);
	while ((value = query_next(q, "a", &at)) != NULL) {
		if (got.len == 0)
			check(row, query_first(q, "a") == value);
		buf_add_str(&got, value);
		buf_add_char(&got, '|');
	}
	check(row, got.len > 0 || query_first(q, "a") == NULL);
	check_text(row, span_of_buf(&got), wanted);
	buf_release(&got);
}

TEST(values)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{ "", "" },
		{ "a", "|" },
		{ "a=", "|" },
		{ "a=1", "1|" },
		{ "a=1&a=2", "1|2|" },
		{ "a=1&b=2&a=3", "1|3|" },
		{ "b=1", "" },
		{ "b&a=1", "1|" },
		{ "a=1&b", "1|" },
		{ "a&a=1", "|1|" },
		{ "&&a=1&&", "1|" },
		{ "&", "" },
		{ "=", "" },
		{ "=1&a=2", "2|" },
		{ "a=b=c", "b=c|" },
		{ "A=1", "" },
		{ "ab=1", "" },
		{ "a=1+2", "1 2|" },
		{ "a=1%2B2", "1+2|" },
		{ "a=%26&a=%3d", "&|=|" },
		{ "%61=1", "1|" },
		{ "a%3d=1", "" },
		{ "a=%c3%a4", "\xc3\xa4|" },
		{ "a=100%", "100%|" },
		{ "a=%zz%4", "%zz%4|" },
		{ "a=1;b=2", "1;b=2|" },
	};

	for (EACH(r, rows)) {
		struct query q;
		struct error e;

		check_number(r->text, query_init(&q, span_of(r->text), &e), 0);
		check_values(r->text, &q, r->wanted);
		query_release(&q);
	}
}

TEST(refused)
{
	static const char many[] = "The query has more than 64 parameters.",
			  nul[] = "The query has a NUL byte in it.";
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ A64 "&b", many },
		{ A64 "&&b", many },
		{ "a=1%00", nul },
		{ "a=1%002", nul },
		{ "a%00=1", nul },
		{ "%00", nul },
		{ "b=1&c=%00", nul },
	};
	struct query q;
	struct error e;

	check_number(
	    "as many as may be", query_init(&q, span_of("&" A64 "&&"), &e), 0);
	check_number("as many as may be", q.len, QUERY_PARAMETERS_MAX);
	query_release(&q);
	for (EACH(r, rows)) {
		check_number(r->text, query_init(&q, span_of(r->text), &e), -1);
		check_text(r->text, span_of(e.text), r->sentence);
	}
}

TESTS("query", T(values), T(refused))
