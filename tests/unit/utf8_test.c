#include "base/utf8.h"

#include "support.h"

/* The first and last of each form of RFC 3629, and what is next to them. */
TEST(lengths)
{
	static const struct {
		const char *name;
		struct span text;
		size_t length;
	} rows[] = {
		{ "nothing", SPAN(""), 0 },
		{ "NUL", SPAN("\0"), 1 },
		{ "U+007F", SPAN("\x7f"), 1 },
		{ "more behind it", SPAN("a\xff"), 1 },
		{ "a tail alone", SPAN("\x80"), 0 },
		{ "U+0080", SPAN("\xc2\x80"), 2 },
		{ "U+07FF", SPAN("\xdf\xbf"), 2 },
		{ "U+002F in two", SPAN("\xc0\xaf"), 0 },
		{ "U+007F in two", SPAN("\xc1\xbf"), 0 },
		{ "two, cut", SPAN("\xc2"), 0 },
		{ "two, no tail", SPAN("\xc2\x7f"), 0 },
		{ "two, no tail", SPAN("\xc2\xc0"), 0 },
		{ "C0 leads nothing", SPAN("\xc0\x80\x80\x80"), 0 },
		{ "C1 leads nothing", SPAN("\xc1\xa0\x80\x80"), 0 },
		{ "U+0800", SPAN("\xe0\xa0\x80"), 3 },
		{ "U+07FF in three", SPAN("\xe0\x9f\xbf"), 0 },
		{ "U+1000", SPAN("\xe1\x80\x80"), 3 },
		{ "U+CFFF", SPAN("\xec\xbf\xbf"), 3 },
		{ "U+D7FF", SPAN("\xed\x9f\xbf"), 3 },
		{ "U+D800, a surrogate", SPAN("\xed\xa0\x80"), 0 },
		{ "U+DFFF, a surrogate", SPAN("\xed\xbf\xbf"), 0 },
		{ "U+E000", SPAN("\xee\x80\x80"), 3 },
		{ "U+FFFF", SPAN("\xef\xbf\xbf"), 3 },
		{ "three, cut", SPAN("\xe2\x82"), 0 },
		{ "three, no last", SPAN("\xe2\x82\x28"), 0 },
		{ "three, no last", SPAN("\xe2\x82\x7f"), 0 },
		{ "three, no last", SPAN("\xe2\x82\xc0"), 0 },
		{ "three, no second", SPAN("\xe1\x7f\x80"), 0 },
		{ "three, no second", SPAN("\xec\xc0\x80"), 0 },
		{ "three, no second", SPAN("\xed\x7f\x80"), 0 },
		{ "three, no second", SPAN("\xee\x7f\x80"), 0 },
		{ "three, no second", SPAN("\xef\xc0\x80"), 0 },
		{ "U+10000", SPAN("\xf0\x90\x80\x80"), 4 },
		{ "U+FFFF in four", SPAN("\xf0\x8f\xbf\xbf"), 0 },
		{ "U+40000", SPAN("\xf1\x80\x80\x80"), 4 },
		{ "U+FFFFF", SPAN("\xf3\xbf\xbf\xbf"), 4 },
		{ "U+10FFFF", SPAN("\xf4\x8f\xbf\xbf"), 4 },
		{ "U+110000", SPAN("\xf4\x90\x80\x80"), 0 },
		{ "four, cut", SPAN("\xf0\x90\x80"), 0 },
		{ "four, no second", SPAN("\xf1\x7f\x80\x80"), 0 },
		{ "four, no second", SPAN("\xf3\xc0\x80\x80"), 0 },
		{ "four, no second", SPAN("\xf4\x7f\x80\x80"), 0 },
		{ "four, no third", SPAN("\xf0\x90\x28\x80"), 0 },
		{ "four, no last", SPAN("\xf0\x90\x80\x28"), 0 },
		{ "F5", SPAN("\xf5\x80\x80\x80"), 0 },
		{ "FF", SPAN("\xff\xff\xff\xff"), 0 },
	};

	for (EACH(r, rows))
		check_number(r->name, utf8_length(r->text), r->length);
}

TESTS("utf8", T(lengths))
