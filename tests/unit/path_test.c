#include "http/path.h"

#include "support.h"

TEST(decoded)
{
	static const struct {
		const char *text;
		struct span bytes;
	} rows[] = {
		{ "", SPAN("") },
		{ "/a+b", SPAN("/a+b") },
		{ "/%41%7a%C3%a9", SPAN("/Az\xc3\xa9") },
		{ "/%2541", SPAN("/%41") },
		{ "/%00x", SPAN("/\0x") },
		{ "/%", SPAN("/%") },
		{ "/%4", SPAN("/%4") },
		{ "/%4g%g4%%41", SPAN("/%4g%g4%A") },
	};

	for (EACH(r, rows)) {
		char out[32];
		size_t len = path_decode(span_of(r->text), out);

		check_bytes(r->text, ((struct span){ out, len }), r->bytes);
	}
}

TEST(cleaned)
{
	static const struct {
		const char *path, *clean;
	} rows[] = {
		{ "/", "/" },
		{ "//", "/" },
		{ "/a", "/a" },
		{ "/a/", "/a/" },
		{ "//a//b//", "/a/b/" },
		{ "/./a", "/a" },
		{ "/a/.", "/a" },
		{ "/a/./", "/a/" },
		{ "/a/../b", "/b" },
		{ "/a/..", "/" },
		{ "/../../a", "/a" },
		{ "/a/b/../../..", "/" },
		{ "/a/b/..", "/a" },
		{ "/...", "/..." },
		{ "/.a/..b", "/.a/..b" },
		{ "*", "/*" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 64);
		path_clean(span_of(r->path), &out);
		check_text(r->path, span_of_buf(&out), r->clean);
		buf_release(&out);
	}
}

TEST(encoded)
{
	static const struct {
		const char *path, *text;
	} rows[] = {
		{ "/a-b_c.d~e/09/AZ", "/a-b_c.d~e/09/AZ" },
		{ "/!$&'()*+,;=:@", "/!$&'()*+,;=:@" },
		{ "/ %?#[]\"\\^|", "/%20%25%3F%23%5B%5D%22%5C%5E%7C" },
		{ "/m\xc3\xa9\x01\r\n", "/m%C3%A9%01%0D%0A" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 64);
		path_encode(span_of(r->path), &out);
		check_text(r->path, span_of_buf(&out), r->text);
		buf_release(&out);
	}
}

TESTS("path", T(decoded), T(cleaned), T(encoded))
