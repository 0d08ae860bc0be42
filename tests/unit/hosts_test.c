#include "memcached/hosts.h"

#include "scratch.h"

static void
check_found(struct hosts *h, const char *name, const char *wanted)
{
	struct endpoints found = { 0 };
	bool any = hosts_find(h, name, &found);
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < found.len; i++) {
		char text[ADDRESS_TEXT_MAX];

		endpoint_text(&found.list[i], text);
		buf_printf(&out, "%s%s", i > 0 ? " " : "", text);
	}
	check_text(name, ((struct span){ out.p, out.len }), wanted);
	check_number(name, any, *wanted != '\0');
	buf_release(&out);
}

TEST(names)
{
	static const struct {
		const char *name;
		const char *found;
	} rows[] = {
		{ "one", "10.0.0.1:0" },
		{ "ONE", "10.0.0.1:0" },
		{ "alias", "10.0.0.1:0" },
		{ "two", "10.0.0.3:0 [::2]:0 10.0.0.2:0" },
		{ "last", "10.0.0.9:0" },
		{ "comment", "" },
		{ "10.0.0.1", "" },
		{ "on", "" },
		{ "ones", "" },
		{ "bad", "" },
		{ "", "" },
		{ "localhost", "127.0.0.1:0 [::1]:0" },
	};
	struct hosts *h = hosts_new(path);

	write_file(SPAN("10.0.0.1 one alias # comment\n"
			"\t10.0.0.3\ttwo\r\n\n::2 two\nlonely\n300.1.1.1 bad\n"
			"10.0.0.2 x TWO\n#10.0.0.7 one\n10.0.0.9 last"));
	for (EACH(r, rows))
		check_found(h, r->name, r->found);
	hosts_free(h);
}

/* What is in the file counts, also when it has changed or gone. */
TEST(changes)
{
	struct hosts *h = hosts_new(path);

	(void)unlink(path);
	check_found(h, "a", "");
	write_file(SPAN("10.0.0.1 a\n"));
	check_found(h, "a", "10.0.0.1:0");
	write_file(SPAN("10.0.0.22 a\n10.0.0.3 localhost\n"));
	check_found(h, "a", "10.0.0.22:0");
	check_found(h, "localhost", "10.0.0.3:0");
	(void)unlink(path);
	check_found(h, "a", "");
	hosts_free(h);
}

/* A name of many addresses, many names, and a file that is too large. */
TEST(bounds)
{
	struct hosts *h = hosts_new(path);
	struct endpoints found = { 0 };
	struct buf out;

	buf_init(&out, HOSTS_BYTES_MAX);
	for (int i = 0; i < 256; i++)
		buf_printf(&out, "10.0.0.%d many n%d\n", i, i);
	write_file((struct span){ out.p, out.len });
	check("many", hosts_find(h, "many", &found));
	check_number("many", found.len, ENDPOINTS_MAX);
	check_found(h, "n77", "10.0.0.77:0");
	while (out.len < HOSTS_BYTES_MAX)
		buf_add_char(&out, '\n');
	write_file((struct span){ out.p, out.len });
	check_found(h, "n77", "");
	buf_release(&out);
	hosts_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(names), T(changes), T(bounds) };

	return cmocka_run_group_tests_name(
	    "hosts", tests, make_folder, remove_folder);
}
