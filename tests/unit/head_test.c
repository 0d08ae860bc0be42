#include "http/head.h"

#include <stdlib.h>

#include "base/mem.h"
#include "support.h"

#define HOST "Host: x\r\n"
#define F10                                                                    \
	"a:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:1\r\na:"    \
	"1\r\n"
#define F99 F10 F10 F10 F10 F10 F10 F10 F10 F10 F9
#define F9 "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n"

/* In memory of its own, so that a read past its end is found. */
static enum head_fault
read_copy(struct head *h, struct span s, char **copy)
{
	size_t scanned = 0;

	*copy = xmalloc(s.len + 1);
	memcpy(*copy, s.p, s.len);
	*copy = realloc(*copy, s.len > 0 ? s.len : 1);
	return head_read(h, *copy, s.len, &scanned);
}

TEST(parts)
{
	static const struct {
		const char *text, *method, *path, *query, *fields;
		bool is_http10, keeps_alive;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", HOST, false,
		    true },
		{ "GET / HTTP/1.1\n" HOST "\n", "GET", "/", "", HOST, false,
		    true },
		{ "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", "", true, false },
		{ "GET / HTTP/1.0\n\n", "GET", "/", "", "", true, false },
		{ "\r\n\n\r\nGET / HTTP/1.0\r\n\r\n", "GET", "/", "", "", true,
		    false },
		{ "M-X /a%20?b=%20&c?#d HTTP/1.0\n\n", "M-X", "/a%20",
		    "b=%20&c?", "", true, false },
		{ "GET /#? HTTP/1.0\n\n", "GET", "/", "", "", true, false },
		{ "GET /\xc3\xa9? HTTP/1.0\n\n", "GET", "/\xc3\xa9", "", "",
		    true, false },
		{ "GET //x/y HTTP/1.0\n\n", "GET", "//x/y", "", "", true,
		    false },
		{ "GET hTTp://x:1/y?z HTTP/1.0\n\n", "GET", "/y", "z", "", true,
		    false },
		{ "GET https://x HTTP/1.0\n\n", "GET", "/", "", "", true,
		    false },
		{ "GET http:///y HTTP/1.0\n\n", "GET", "/y", "", "", true,
		    false },
		{ "GET http://x?y HTTP/1.0\n\n", "GET", "/", "y", "", true,
		    false },
		{ "CONNECT x:1 HTTP/1.0\n\n", "CONNECT", "/", "", "", true,
		    false },
		{ "OPTIONS * HTTP/1.0\n\n", "OPTIONS", "*", "", "", true,
		    false },
		{ "GET / HTTP/1.0\nConnection: Keep-Alive\n\n", "GET", "/", "",
		    "Connection: Keep-Alive\n", true, true },
		{ "GET / HTTP/1.1\nHost:\nconnection: x , Close\n\n", "GET",
		    "/", "", "Host:\nconnection: x , Close\n", false, false },
		{ "GET / HTTP/1.0\nConnection: keep-alive\n"
		  "Connection: close\n\n",
		    "GET", "/", "",
		    "Connection: keep-alive\nConnection: close\n", true,
		    false },
		{ "GET / HTTP/1.1\nHost:\nConnection: closed\n\n", "GET", "/",
		    "", "Host:\nConnection: closed\n", false, true },
	};

	for (EACH(r, rows)) {
		struct head h;
		char *copy;

		check_number(
		    r->text, read_copy(&h, span_of(r->text), &copy), HEAD_FINE);
		check_number(r->text, h.len, strlen(r->text));
		check_text(r->text, h.method, r->method);
		check_text(r->text, h.path, r->path);
		check_text(r->text, h.query, r->query);
		check_text(r->text, h.fields, r->fields);
		check_number(r->text, h.is_http10, r->is_http10);
		check_number(r->text, h.keeps_alive, r->keeps_alive);
		free(copy);
	}
}

#define GET "GET / HTTP/1.1\r\n" HOST

TEST(faults)
{
	static const struct {
		struct span text;
		enum head_fault fault;
	} rows[] = {
		{ SPAN(""), HEAD_PARTIAL },
		{ SPAN("\r"), HEAD_PARTIAL },
		{ SPAN("\r\n"), HEAD_PARTIAL },
		{ SPAN("\r\r"), HEAD_NOT_HTTP },
		{ SPAN("\rG"), HEAD_NOT_HTTP },
		{ SPAN("\x16\x03"), HEAD_NOT_HTTP },
		{ SPAN(" "), HEAD_NOT_HTTP },
		{ SPAN("\0"), HEAD_NOT_HTTP },
		{ SPAN("G"), HEAD_PARTIAL },
		{ SPAN(GET), HEAD_PARTIAL },
		{ SPAN(GET "\r"), HEAD_PARTIAL },
		{ SPAN("GET / HTTP/1.0\n"), HEAD_PARTIAL },
		{ SPAN("stats"), HEAD_PARTIAL },
		{ SPAN("stats\r"), HEAD_PARTIAL },
		{ SPAN("stats\r\n"), HEAD_NOT_HTTP },
		{ SPAN("\r\nstats\r\nstats settings\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET x HTTP/1.1\n"), HEAD_NOT_A_TARGET },
		{ SPAN("GET\r\n\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET /\r\n\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET / HTTP/1.1x\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET / HTTP/1.x\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET / HTTP/3.0\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET / x HTTP/1.1\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET /\t HTTP/1.1\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), HEAD_NOT_HTTP },
		{ SPAN("GET x HTTP/1.1\r\n" HOST "\r\n"), HEAD_NOT_A_TARGET },
		{ SPAN("GET http:/x HTTP/1.1\r\n\r\n"), HEAD_NOT_A_TARGET },
		{ SPAN("GET ** HTTP/1.1\r\n\r\n"), HEAD_NOT_A_TARGET },
		{ SPAN(GET "x\r\n\r\n"), HEAD_NOT_A_HEADER },
		{ SPAN(GET ":\r\n\r\n"), HEAD_NOT_A_HEADER },
		{ SPAN(GET "x :\r\n\r\n"), HEAD_NOT_A_HEADER },
		{ SPAN(GET "x\xe9:\r\n\r\n"), HEAD_NOT_A_HEADER },
		{ SPAN(GET "x:\0\r\n\r\n"), HEAD_CONTROL },
		{ SPAN(GET "x:\r\r\n\r\n"), HEAD_CONTROL },
		{ SPAN(GET "x\0:\r\n\r\n"), HEAD_CONTROL },
		{ SPAN(GET "x: \x1f\r\n\r\n"), HEAD_CONTROL },
		{ SPAN(GET "x: \x7f\r\n\r\n"), HEAD_CONTROL },
		{ SPAN(GET "x: \t\x80\xff\r\n\r\n"), HEAD_FINE },
		{ SPAN(GET " x:\r\n\r\n"), HEAD_FOLDED },
		{ SPAN(GET "\tx:\r\n\r\n"), HEAD_FOLDED },
		{ SPAN(GET "\r\r\n"), HEAD_PARTIAL },
		{ SPAN("GET / HTTP/1.1\r\n\r\n"), HEAD_HOST },
		{ SPAN(GET HOST "\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.0\r\nHost: x y\r\n\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.1\r\nHost: x@y\r\n\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.1\r\nHost: x\x80\r\n\r\n"), HEAD_HOST },
		{ SPAN("GET / HTTP/1.1\r\nHost: [::1%25lo]:1\r\n\r\n"),
		    HEAD_FINE },
		{ SPAN("GET / HTTP/1.1\r\nHost:\r\n\r\n"), HEAD_FINE },
		{ SPAN(GET "Content-Length: 0\r\n\r\n"), HEAD_FINE },
		{ SPAN(GET "Content-Length: 1\r\n\r\n"), HEAD_BODY },
		{ SPAN(GET "Content-Length: x\r\n\r\n"), HEAD_LENGTH },
		{ SPAN(GET "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
		    HEAD_LENGTHS },
		{ SPAN(GET "Transfer-Encoding: CHUNKED\r\n\r\n"), HEAD_BODY },
		{ SPAN(GET "Transfer-Encoding: identity\r\n\r\n"),
		    HEAD_TRANSFER_ENCODING },
		{ SPAN(GET "Transfer-Encoding: chunked\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n"),
		    HEAD_TRANSFER_ENCODING },
		{ SPAN(GET "Transfer-Encoding: chunked\r\n"
			   "Content-Length: 0\r\n\r\n"),
		    HEAD_TRANSFER_ENCODING },
		{ SPAN("GET / HTTP/1.0\nTransfer-Encoding: chunked\n\n"),
		    HEAD_TRANSFER_ENCODING },
		{ SPAN(GET "Expect: 100-continue\r\n\r\n"), HEAD_FINE },
		{ SPAN(GET "Expect: 101\r\n\r\n"), HEAD_EXPECT },
		{ SPAN("GET / HTTP/1.1\r\n" HOST F99 "\r\n"), HEAD_FINE },
		{ SPAN("GET / HTTP/1.1\r\n" HOST F99 "a:\r\n\r\n"),
		    HEAD_TOO_LARGE },
	};

	for (EACH(r, rows)) {
		struct head h;
		char *copy;

		check_number(
		    r->text.p, read_copy(&h, r->text, &copy), r->fault);
		free(copy);
	}
	for (unsigned i = HEAD_PARTIAL + 1; i < HEAD_FAULTS; i++) {
		check("status", head_fault_status((enum head_fault)i) >= 400);
		check("sentence",
		    is_set(head_fault_sentence((enum head_fault)i)));
	}
}

/* A head of so many bytes; what is behind it is another's. */
static enum head_fault
read_long(size_t len, size_t more)
{
	char *text = xmalloc(len + more);
	struct head h;
	size_t scanned = 0;
	enum head_fault fault;

	memset(text, 'x', len + more);
	memcpy(text, GET "x:", sizeof(GET "x:") - 1);
	memcpy(text + len - 4, "\r\n\r\n", 4);
	fault = head_read(&h, text, len + more, &scanned);
	free(text);
	return fault;
}

TEST(sizes)
{
	check_number("fits", read_long(HEAD_BYTES_MAX, 0), HEAD_FINE);
	check_number("fits, and more", read_long(HEAD_BYTES_MAX, 9), HEAD_FINE);
	check_number(
	    "too large", read_long(HEAD_BYTES_MAX + 1, 0), HEAD_TOO_LARGE);
}

/* It is no HTTP as soon as its first line has come, and not before. */
TEST(first_line)
{
	static const char text[] = "\r\nstats items\r\nstats\r\n";
	size_t whole = strlen("\r\nstats items\r\n"), scanned = 0;
	struct head h;

	for (size_t len = 1; len < whole; len++)
		check_number(
		    text, head_read(&h, text, len, &scanned), HEAD_PARTIAL);
	check_number(text, head_read(&h, text, whole, &scanned), HEAD_NOT_HTTP);
	check_text("method", h.method, "stats");
}

/* However it comes, it ends at the same byte. */
TEST(pieces)
{
	static const char text[] = "\r\n" GET "a: b\nc:\r\n\r\nGET / ";
	static const size_t end = sizeof(text) - 1 - sizeof("GET / ") + 1;

	for (size_t step = 1; step < sizeof(text); step++) {
		struct head h;
		size_t scanned = 0, len = 0, before;
		enum head_fault fault = HEAD_PARTIAL;

		while (fault == HEAD_PARTIAL) {
			before = len;
			len = len + step < sizeof(text) - 1 ? len + step
							    : sizeof(text) - 1;
			check("ends", before < len);
			fault = head_read(&h, text, len, &scanned);
			check("scans what there is", scanned <= len);
		}
		check_number("result", fault, HEAD_FINE);
		check_number("length", h.len, end);
		check("no sooner than it can", len >= end);
		check("no later than it must", len - end < step);
	}
}

TEST(values)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost:x\r\n"
				   "Accept: a, b \t\r\nX:\r\n"
				   "aCCEPT:c\r\n\r\n";
	static const struct {
		const char *name, *value;
	} rows[] = { { "host", "x" }, { "ACCEPT", "a, b" }, { "X", "" } };
	struct head h;
	struct span rest;
	struct head_field f = { 0 };
	size_t scanned = 0, n = 0;

	assert_int_equal(
	    head_read(&h, text, sizeof(text) - 1, &scanned), HEAD_FINE);
	for (EACH(r, rows))
		check_text(r->name, head_value(&h, r->name), r->value);
	check("none", head_value(&h, "accep").p == NULL);
	for (rest = h.fields; head_next(&rest, &f); n++)
		;
	assert_int_equal(n, 4);
	check_text("last", f.name, "aCCEPT");
	check_text("last", f.value, "c");
}

TESTS(
    "head", T(parts), T(faults), T(sizes), T(first_line), T(pieces), T(values))
