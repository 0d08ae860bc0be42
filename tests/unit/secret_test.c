#include "config/secret.h"

#include <string.h>

#include "scratch.h"

/* The whole of a file, and what is read of it; NULL: refused. */
TEST(first_line)
{
	static const struct {
		struct span content;
		const char *secret;
	} rows[] = {
		{ SPAN("secret"), "secret" },
		{ SPAN("secret\n"), "secret" },
		{ SPAN("secret\r\n"), "secret" },
		{ SPAN("secret\nnext line\n"), "secret" },
		{ SPAN(" two words \n"), " two words " },
		{ SPAN("\xef\xbb\xbfsecret\r\n"), "secret" },
		{ SPAN("\xef\xbb\xbf\n"), NULL },
		{ SPAN("\xff\xfes\0e\0"), NULL }, /* UTF-16 */
		{ SPAN("\xc3\xbc\xff\n"), "\xc3\xbc\xff" },
		{ SPAN(""), NULL },
		{ SPAN("\n"), NULL },
		{ SPAN("\r\n"), NULL },
		{ SPAN("\nsecret\n"), NULL },
	};

	for (EACH(r, rows)) {
		char *secret = NULL;
		struct error e;
		int got;

		write_file(r->content);
		got = secret_read(path, &secret, &e);
		check_number(r->content.p, got, r->secret != NULL ? 0 : -1);
		if (r->secret != NULL)
			check_text(r->content.p, span_of(secret), r->secret);
		else
			check(r->content.p, strstr(e.text, path) != NULL);
		secret_free(secret);
	}
}

TEST(size)
{
	static const struct {
		size_t len;
		int result;
	} rows[] = {
		{ SECRET_BYTES_MAX, 0 },
		{ SECRET_BYTES_MAX + 1, -1 },
		{ 100 * SECRET_BYTES_MAX, -1 },
	};

	for (EACH(r, rows)) {
		char *content = malloc(r->len), *secret = NULL;
		struct error e;

		assert_non_null(content);
		memset(content, 'x', r->len);
		write_file((struct span){ content, r->len });
		check_number("size", secret_read(path, &secret, &e), r->result);
		if (r->result == 0)
			check_number("size", strlen(secret), r->len);
		secret_free(secret);
		free(content);
	}
}

TEST(not_there)
{
	static const char *const paths[] = { "/does/not/exist", "", "/" };

	for (EACH(p, paths)) {
		char *secret = NULL;
		struct error e;

		check_number(*p, secret_read(*p, &secret, &e), -1);
		check(*p, strncmp(e.text, *p, strlen(*p)) == 0);
		check(*p, secret == NULL);
	}
}

TEST(nothing_to_free)
{
	secret_free(NULL);
}

TEST(usernames)
{
	static const struct {
		const char *name;
		int result;
	} rows[] = {
		{ "user", 0 },
		{ "user@EXAMPLE.org", 0 },
		{ "M\xc3\xbcller", 0 },
		{ "two words", -1 },
		{ "user\n", -1 },
		{ "\tuser", -1 },
		{ "user\r\nstats", -1 },
		{ "user\x7f", -1 },
	};
	char name[USERNAME_MAX + 2];
	struct error e;

	for (EACH(r, rows))
		check_number(
		    r->name, secret_check_username(r->name, &e), r->result);
	memset(name, 'u', sizeof(name));
	name[USERNAME_MAX] = '\0';
	check_number("longest", secret_check_username(name, &e), 0);
	name[USERNAME_MAX] = 'u';
	name[USERNAME_MAX + 1] = '\0';
	check_number("too long", secret_check_username(name, &e), -1);
	check_text("too long", span_of(e.text),
	    "expected a name of at most 255 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(first_line), T(size),
		T(not_there), T(nothing_to_free), T(usernames) };

	return cmocka_run_group_tests_name(
	    "secrets", tests, make_folder, remove_folder);
}
