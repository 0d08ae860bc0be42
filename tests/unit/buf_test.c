#include "base/buf.h"

#include "support.h"

TEST(numbers)
{
	static const struct {
		uint64_t n;
		const char *digits;
	} rows[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 4294967296, "4294967296" },
		{ UINT64_MAX, "18446744073709551615" },
	};

	for (EACH(r, rows)) {
		struct buf b;

		buf_init(&b, 100);
		buf_add_u64(&b, r->n);
		check_text(r->digits, span_of_buf(&b), r->digits);
		buf_release(&b);
	}
}

TEST(ways_to_add)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add(&b, "a\0b", 3);
	buf_add(&b, NULL, 0);
	buf_add_char(&b, '\n');
	buf_add_str(&b, "");
	buf_add_str(&b, "text");
	buf_add_span(&b, SPAN("\0\xff"));
	buf_printf(&b, "%d%%%s", -5, "");
	buf_printf(&b, "%s", "");
	check_bytes("all", span_of_buf(&b), SPAN("a\0b\ntext\0\xff-5%"));
	check("all", !b.full);
	buf_release(&b);
}

/* What is there stays where memory has to grow, many times over. */
TEST(growth)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (uint64_t i = 0; i < 100000; i++)
		buf_add_u64(&b, i % 10);
	check_number("growth", b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		check_number("growth", b.p[i], '0' + (int)(i % 10));
	buf_release(&b);
}

TEST(maximum)
{
	static const struct {
		const char *name;
		size_t max;
		const char *add[3];
		const char *left;
		bool full;
	} rows[] = {
		{ "less", 8, { "abc", "def" }, "abcdef", false },
		{ "exact", 6, { "abc", "def" }, "abcdef", false },
		{ "one too many", 5, { "abc", "def" }, "abc", true },
		{ "nothing comes after", 5, { "abc", "def", "g" }, "abc",
		    true },
		{ "nothing fits", 0, { "a" }, "", true },
		{ "nothing added", 0, { "" }, "", false },
	};

	for (EACH(r, rows)) {
		struct buf b;

		buf_init(&b, r->max);
		for (size_t i = 0; i < 3 && r->add[i] != NULL; i++)
			buf_add_str(&b, r->add[i]);
		check_text(r->name, span_of_buf(&b), r->left);
		check_number(r->name, b.full, r->full);
		buf_release(&b);
	}
}

TEST(printed_past_the_maximum)
{
	struct buf b;

	buf_init(&b, 4);
	buf_printf(&b, "%s", "abc");
	buf_printf(&b, "%s", "abc");
	check_text("printf", span_of_buf(&b), "abc");
	check("printf", b.full);
	buf_release(&b);
}

/* A length that would wrap around when added to what is there. */
TEST(huge_length)
{
	struct buf b;

	buf_init(&b, 100);
	buf_add_char(&b, 'x');
	check("huge", !buf_reserve(&b, SIZE_MAX));
	check("huge", b.full && b.len == 1);
	buf_release(&b);
}

TEST(take)
{
	struct buf b;
	size_t len;
	char *p;

	buf_init(&b, 4);
	buf_add_str(&b, "abc");
	p = buf_take(&b, &len);
	check_bytes("taken", ((struct span){ p, len }), SPAN("abc"));
	free(p);
	check("empty", b.p == NULL && b.len == 0 && b.cap == 0 && b.max == 4);
	buf_add_str(&b, "defg");
	check_text("again", span_of_buf(&b), "defg");
	buf_release(&b);
	check("released", b.p == NULL && b.max == 4);
}

TESTS("buf", T(numbers), T(ways_to_add), T(growth), T(maximum),
    T(printed_past_the_maximum), T(huge_length), T(take))
