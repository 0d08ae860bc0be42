#include "base/digest.h"

#include <sys/stat.h>

#include <unistd.h>

#include "scratch.h"

static struct digest
digest_of(const char *file)
{
	struct digest d = { 0 };

	digest_add_file(&d, file);
	return d;
}

static struct digest
digest_of_text(const char *text)
{
	write_file(span_of(text));
	return digest_of(path);
}

static void
check_digests(const char *row, struct digest a, struct digest b, bool equal)
{
	check_number(row, digest_equal(&a, &b), equal);
}

TEST(content)
{
	struct digest tiger = digest_of_text("tiger");

	check_digests("other", digest_of_text("scott"), tiger, false);
	check_digests("longer", digest_of_text("tiger\n"), tiger, false);
	check_digests("empty", digest_of_text(""), tiger, false);
	check_digests("written anew", digest_of_text("tiger"), tiger, true);
	check_digests("none", digest_of(NULL), digest_of(""), true);
	check_digests(
	    "none and empty", digest_of(NULL), digest_of_text(""), false);
	(void)unlink(path);
	check_digests("not there", digest_of(path), tiger, false);
	check_digests(
	    "not there and none", digest_of(path), digest_of(NULL), false);
	check_digests(
	    "not there twice", digest_of(path), digest_of(path), true);
}

/* Which file has which content counts. */
TEST(order)
{
	struct digest a = { 0 }, b = { 0 };

	write_file(span_of("x"));
	digest_add_file(&a, path);
	digest_add_file(&a, NULL);
	digest_add_file(&b, NULL);
	digest_add_file(&b, path);
	check_number("two", digest_equal(&a, &b), false);
}

/* What cannot be read whole counts by what is known of it, without waiting. */
TEST(others)
{
	struct digest before;

	write_file(span_of("x"));
	check_number("sparse", truncate(path, DIGEST_FILE_MAX + 100000), 0);
	before = digest_of(path);
	check_digests("large", digest_of(path), before, true);
	check_number("sparse", truncate(path, DIGEST_FILE_MAX + 100001), 0);
	check_digests("larger", digest_of(path), before, false);
	(void)unlink(path);
	check_number("fifo", mkfifo(path, 0600), 0);
	check_digests("fifo", digest_of(path), digest_of(path), true);
	(void)unlink(path);
	check_number("folder", mkdir(path, 0700), 0);
	before = digest_of(path);
	check_digests("folder", digest_of(path), before, true);
	(void)rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(content), T(order), T(others) };

	return cmocka_run_group_tests_name(
	    "digest", tests, make_folder, remove_folder);
}
