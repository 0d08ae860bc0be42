#include "base/file.h"

#include <sys/stat.h>

#include "scratch.h"

#define ROOM 8

/* The whole of a file, and what is read of it; NULL: refused. */
TEST(contents)
{
	static const struct {
		const char *name;
		struct span file;
		const char *content;
	} rows[] = {
		{ "empty", SPAN(""), "" },
		{ "one line", SPAN("line\n"), "line\n" },
		{ "as large as can be", SPAN("1234567"), "1234567" },
		{ "too large", SPAN("12345678"), NULL },
		{ "much too large", SPAN("1234567890123456"), NULL },
		{ "byte order mark",
		    SPAN("\xef\xbb\xbf"
			 "line"),
		    "line" },
		{ "byte order mark alone", SPAN("\xef\xbb\xbf"), "" },
		{ "two of them", SPAN("\xef\xbb\xbf\xef\xbb\xbf"),
		    "\xef\xbb\xbf" },
		{ "part of one", SPAN("\xef\xbb"), "\xef\xbb" },
		{ "not in front", SPAN("a\xef\xbb\xbf"), "a\xef\xbb\xbf" },
	};

	for (EACH(r, rows)) {
		char text[ROOM];
		struct span content = SPAN("untouched");
		struct error e = { 0 };
		int got;

		write_file(r->file);
		got = file_read(path, text, sizeof(text), &content, &e);
		check_number(r->name, got, r->content != NULL ? 0 : -1);
		check_text(r->name, content,
		    r->content != NULL ? r->content : "untouched");
		check(r->name,
		    r->content == NULL || content.p[content.len] == '\0');
		check(r->name,
		    r->content != NULL || strstr(e.text, "than 7 bytes"));
	}
}

TEST(nul)
{
	struct span content;
	char text[ROOM];
	struct error e;

	write_file(SPAN("a\0b"));
	check_number(
	    "nul", file_read(path, text, sizeof(text), &content, &e), 0);
	check_bytes("nul", content, SPAN("a\0b"));
}

/* Nothing that could be waited for. */
TEST(other_kinds)
{
	static const char *const rows[] = { folder, "/dev/null", path };
	struct span content;
	char text[ROOM];

	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (EACH(r, rows)) {
		struct error e = { 0 };

		check_number(
		    *r, file_read(*r, text, sizeof(text), &content, &e), -1);
		check(*r, strstr(e.text, "no regular file") != NULL);
		check(*r, strncmp(e.text, *r, strlen(*r)) == 0);
	}
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(contents), T(nul),
		T(other_kinds) };

	return cmocka_run_group_tests_name(
	    "file", tests, make_folder, remove_folder);
}
