#include "base/parse.h"

#include <stdio.h>

#include "support.h"

#define S 1000000ULL /* of microseconds */
#define UNTOUCHED 4711

/* Every reader but that of switches, as the text of one row after another. */
typedef int parse_fn(struct span text, uint64_t *out);

static const struct row {
	parse_fn *parse;
	const char *text;
	int result;
	uint64_t n;
} rows[] = {
	{ parse_u64, "0", 0, 0 },
	{ parse_u64, "007", 0, 7 },
	{ parse_u64, "9999999999999999999", 0, 9999999999999999999U },
	{ parse_u64, "18446744073709551615", 0, UINT64_MAX },
	{ parse_u64, "00000000000000000000000000001", 0, 1 },
	{ parse_u64, "18446744073709551616", -1, 0 },
	{ parse_u64, "18446744073709551620", -1, 0 },
	{ parse_u64, "99999999999999999999", -1, 0 },
	{ parse_u64, "", -1, 0 },
	{ parse_u64, " 1", -1, 0 },
	{ parse_u64, "1 ", -1, 0 },
	{ parse_u64, "+1", -1, 0 },
	{ parse_u64, "-1", -1, 0 },
	{ parse_u64, "1.0", -1, 0 },
	{ parse_u64, "1e3", -1, 0 },
	{ parse_u64, "0x10", -1, 0 },
	{ parse_u64, "nan", -1, 0 },
	{ parse_u64, "inf", -1, 0 },
	{ parse_u64, "1/", -1, 0 },
	{ parse_u64, "1:", -1, 0 },
	{ parse_u64, "\xff", -1, 0 },
	{ parse_u64, "0000000000000000000000x", -1, 0 },

	{ parse_seconds, "10", 0, 10 * S },
	{ parse_seconds, "9.75", 0, 9750000 },
	{ parse_seconds, "0.000001", 0, 1 },
	{ parse_seconds, "0.0000019", 0, 1 },
	{ parse_seconds, "1.99999999999999999999999999", 0, 1999999 },
	{ parse_seconds, "18446744073709.551615", 0, UINT64_MAX },
	{ parse_seconds, "18446744073709.551616", -1, 0 },
	{ parse_seconds, "18446744073710", -1, 0 },
	{ parse_seconds, "", -1, 0 },
	{ parse_seconds, ".5", -1, 0 },
	{ parse_seconds, "5.", -1, 0 },
	{ parse_seconds, "1.2.3", -1, 0 },
	{ parse_seconds, "-1", -1, 0 },
	{ parse_seconds, "1s", -1, 0 },
	{ parse_seconds, "1e1", -1, 0 },
	{ parse_seconds, "inf", -1, 0 },

	{ parse_duration, "0", 0, 0 },
	{ parse_duration, "0s", 0, 0 },
	{ parse_duration, "1s", 0, S },
	{ parse_duration, "500ms", 0, S / 2 },
	{ parse_duration, "1m30s", 0, 90 * S },
	{ parse_duration, "1h1m1s1ms1us", 0, 3661001001 },
	{ parse_duration, "1.5h", 0, 5400 * S },
	{ parse_duration, "0.25s", 0, S / 4 },
	{ parse_duration, "3us", 0, 3 },
	{ parse_duration, "3\xc2\xb5s", 0, 3 },
	{ parse_duration, "1999ns", 0, 1 },
	{ parse_duration, "3\xce\xbcs", 0, 3 },
	{ parse_duration, ".5s", 0, S / 2 },
	{ parse_duration, "1.s", 0, S },
	{ parse_duration, "1m.5s", 0, 60 * S + S / 2 },
	{ parse_duration, "+1s", 0, S },
	{ parse_duration, "+0", 0, 0 },
	{ parse_duration, "1d", 0, 86400 * S },
	{ parse_duration, "1w", 0, 7 * 86400 * S },
	{ parse_duration, "1w1d1h", 0, (8 * 24 + 1) * 3600 * S },
	{ parse_duration, "9000h", 0, 9000 * 3600 * S },
	{ parse_duration, "2562047h47m16.854775807s", 0, 9223372036854775 },
	{ parse_duration, "2562047h47m16.854775808s", -1, 0 },
	{ parse_duration, "2562047h48m", -1, 0 },
	{ parse_duration, "15251w", -1, 0 },
	{ parse_duration, ".", -1, 0 },
	{ parse_duration, ".s", -1, 0 },
	{ parse_duration, "+", -1, 0 },
	{ parse_duration, "++1s", -1, 0 },
	{ parse_duration, "1s+1s", -1, 0 },
	{ parse_duration, "1.18446744073709551616s", 0, S + 184467 },
	{ parse_duration, "18446744073709551615h", -1, 0 },
	{ parse_duration, "18446744073709551616ns", -1, 0 },
	{ parse_duration, "", -1, 0 },
	{ parse_duration, "1", -1, 0 },
	{ parse_duration, "1s1", -1, 0 },
	{ parse_duration, "1s0", -1, 0 },
	{ parse_duration, "0s0", -1, 0 },
	{ parse_duration, "s", -1, 0 },
	{ parse_duration, "1.5.5s", -1, 0 },
	{ parse_duration, "-1s", -1, 0 },
	{ parse_duration, " 1s", -1, 0 },
	{ parse_duration, "1s ", -1, 0 },
	{ parse_duration, "1 s", -1, 0 },
	{ parse_duration, "1S", -1, 0 },
	{ parse_duration, "1e3s", -1, 0 },
	{ parse_duration, "infs", -1, 0 },
};

TEST(numbers)
{
	static const char *const tails[] = { "", "7", ".5", "s" };

	for (EACH(r, rows)) {
		for (EACH(tail, tails)) {
			char text[100];
			struct span s = { text, strlen(r->text) };
			uint64_t n = UNTOUCHED;

			/* nothing behind the span is read */
			(void)snprintf(
			    text, sizeof(text), "%s%s", r->text, *tail);
			check_number(r->text, r->parse(s, &n), r->result);
			check_number(
			    r->text, n, r->result == 0 ? r->n : UNTOUCHED);
		}
	}
}

TEST(nul)
{
	uint64_t n;

	check_number("NUL", parse_u64(SPAN("1\0"), &n), -1);
}

TEST(switches)
{
	static const struct {
		const char *text;
		int result;
		bool is;
	} words[] = {
		{ "true", 0, true },
		{ "false", 0, false },
		{ "yes", 0, true },
		{ "no", 0, false },
		{ "on", 0, true },
		{ "off", 0, false },
		{ "1", 0, true },
		{ "0", 0, false },
		{ "True", 0, true },
		{ "FALSE", 0, false },
		{ "t", 0, true },
		{ "F", 0, false },
		{ "Y", 0, true },
		{ "n", 0, false },
		{ "", -1, true },
		{ "truex", -1, true },
		{ "tru", -1, true },
		{ "2", -1, true },
	};

	for (EACH(r, words)) {
		bool is = !r->is;

		check_number(
		    r->text, parse_bool(span_of(r->text), &is), r->result);
		check_number(r->text, is, r->result == 0 ? r->is : !r->is);
	}
}

TEST(modes)
{
	static const struct {
		const char *text;
		int result;
		unsigned mode;
	} modes[] = {
		{ "0660", 0, 0660 },
		{ "660", 0, 0660 },
		{ "0", 0, 0 },
		{ "0777", 0, 0777 },
		{ "00000777", 0, 0777 },
		{ "1000", -1, 0 },
		{ "40000000000", -1, 0 },
		{ "", -1, 0 },
		{ "0o660", -1, 0 },
		{ "680", -1, 0 },
		{ "-660", -1, 0 },
		{ " 660", -1, 0 },
		{ "660 ", -1, 0 },
		{ "u=rw", -1, 0 },
	};

	for (EACH(r, modes)) {
		unsigned mode = 01234;

		check_number(
		    r->text, parse_mode(span_of(r->text), &mode), r->result);
		check_number(r->text, mode, r->result == 0 ? r->mode : 01234);
	}
}

TESTS("parse", T(numbers), T(nul), T(switches), T(modes))
