/*
 * What the tests share. Tests walk through tables; a check that fails names
 * the row that it was for.
 */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/span.h"

#define TEST(name) static void name(void **unused __attribute__((unused)))

/* The program: what its tests are about, then each as T(name). */
#define T(name) cmocka_unit_test(name)
#define TESTS(about, ...)                                                      \
	int main(void)                                                         \
	{                                                                      \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };             \
		return cmocka_run_group_tests_name(about, tests, NULL, NULL);  \
	}

/* for (EACH(r, rows)): r points to one row of a table after the other. */
#define EACH(r, rows)                                                          \
	const typeof((rows)[0]) *r = (rows);                                   \
	r < (rows) + nitems(rows);                                             \
	r++

/* A literal with all its bytes, NUL too. */
#define SPAN(literal) ((struct span){ literal, sizeof(literal) - 1 })

#define check(row, is) check_is(__FILE__, __LINE__, row, #is, is)
#define check_number(row, got, wanted)                                         \
	check_equal(__FILE__, __LINE__, row, #got, (long long)(got),           \
	    (long long)(wanted))
#define check_text(row, got, wanted) check_bytes(row, got, span_of(wanted))
#define check_bytes(row, got, wanted)                                          \
	check_same(__FILE__, __LINE__, row, got, wanted)

static inline void
check_is(const char *file, int line, const char *row, const char *what, bool is)
{
	if (is)
		return;
	print_error("%s: not %s\n", row, what);
	_fail(file, line);
}

static inline void
check_equal(const char *file, int line, const char *row, const char *what,
    long long got, long long wanted)
{
	if (got == wanted)
		return;
	print_error("%s: %s is %lld, not %lld\n", row, what, got, wanted);
	_fail(file, line);
}

/* The line of s in which the byte at `at` stands, as a C literal would be. */
static inline void
print_line(const char *what, struct span s, size_t at)
{
	while (at > 0 && s.p[at - 1] != '\n')
		at--;
	print_error("\t%s: \"", what);
	for (; at < s.len && s.p[at] != '\n'; at++) {
		unsigned char c = (unsigned char)s.p[at];

		print_error(c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
	}
	print_error("%s\"\n", at < s.len ? "\\n" : "");
}

static inline void
check_same(const char *file, int line, const char *row, struct span got,
    struct span wanted)
{
	size_t at = 0;

	while (at < got.len && at < wanted.len && got.p[at] == wanted.p[at])
		at++;
	if (at == got.len && at == wanted.len)
		return;
	print_error("%s:\n", row);
	print_line("got", got, at);
	print_line("not", wanted, at);
	_fail(file, line);
}

static inline struct span
span_of_buf(const struct buf *b)
{
	return (struct span){ b->p != NULL ? b->p : "", b->len };
}

#endif
