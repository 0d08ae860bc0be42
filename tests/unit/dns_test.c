#include "memcached/dns.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "support.h"

/* A question of three letters, as it is sent in the plain way. */
#define NAME "\3abc\0"
#define PLAIN(type) "\x12\x34\1\0\0\1\0\0\0\0\0\0" NAME "\0" type "\0\1"
#define HEAD(flags, questions, answers)                                        \
	"\x12\x34" flags "\0" questions "\0" answers "\0\0\0\0"
#define ASKED NAME "\0\1\0\1"

static struct dns_question
question(enum dns_type type, bool is_plain)
{
	struct dns_question q;

	assert_true(dns_question_init(&q, "abc", type));
	dns_question_shuffle(&q, is_plain);
	q.id = 0x1234;
	return q;
}

TEST(names)
{
	static char most[64], more[65], longest[254], longer[255];
	const struct {
		const char *name;
		bool is_good;
		size_t len;
	} rows[] = {
		{ "a", true, 3 },
		{ "a.", true, 3 },
		{ "cache-1.example", true, 17 },
		{ "", false, 0 },
		{ ".", false, 0 },
		{ "a..b", false, 0 },
		{ ".a", false, 0 },
		{ most, true, 65 },
		{ more, false, 0 },
		{ longest, true, 255 },
		{ longer, false, 0 },
	};

	memset(most, 'x', sizeof(most) - 1);
	memset(more, 'x', sizeof(more) - 1);
	for (size_t i = 0; i < sizeof(longer) - 1; i++)
		longer[i] = i % 2 == 0 ? 'x' : '.';
	memcpy(longest, longer, sizeof(longest) - 1);
	longer[sizeof(longer) - 2] = 'y';
	longer[sizeof(longer) - 3] = 'y';
	for (EACH(r, rows)) {
		struct dns_question q;

		check_number(
		    r->name, dns_question_init(&q, r->name, DNS_A), r->is_good);
		if (r->is_good)
			check_number(r->name, q.name_len, r->len);
	}
}

TEST(questions)
{
	static const struct {
		const char *name;
		enum dns_type type;
		bool is_plain;
		struct span wanted;
	} rows[] = {
		{ "A", DNS_A, true, SPAN(PLAIN("\1")) },
		{ "AAAA", DNS_AAAA, true, SPAN(PLAIN("\x1c")) },
		{ "A with EDNS0", DNS_A, false,
		    SPAN("\x12\x34\1\0\0\1\0\0\0\0\0\1" NAME "\0\1\0\1"
			 "\0\0\x29\x04\xd0\0\0\0\0\0\0") },
	};

	for (EACH(r, rows)) {
		struct dns_question q = question(r->type, r->is_plain);
		unsigned char out[DNS_QUESTION_MAX];
		size_t len = dns_question_pack(&q, out);

		for (size_t i = 12; i < 16; i++)
			out[i] = (unsigned char)tolower(out[i]);
		check_bytes(
		    r->name, ((struct span){ (char *)out, len }), r->wanted);
	}
}

/* Each letter comes in both cases, and ids are others. */
TEST(guesses)
{
	bool upper[3] = { 0 }, lower[3] = { 0 };
	struct dns_question q;
	unsigned ids = 0;

	assert_true(dns_question_init(&q, "AbC", DNS_A));
	for (int i = 0; i < 200; i++) {
		uint16_t before = q.id;

		dns_question_shuffle(&q, false);
		ids += before != q.id;
		for (size_t at = 0; at < 3; at++) {
			upper[at] |= isupper(q.name[1 + at]) != 0;
			lower[at] |= islower(q.name[1 + at]) != 0;
		}
	}
	check("ids", ids > 190);
	for (size_t at = 0; at < 3; at++)
		check("cases", upper[at] && lower[at]);
	dns_question_shuffle(&q, true);
	check_text("plain", ((struct span){ (char *)q.name, q.name_len - 1 }),
	    "\3abc");
}

#define A_RECORD "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"
#define ALIAS "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1x\xc0\x0c"

/* Answers to the plain question for A. */
TEST(answers)
{
	static const struct {
		const char *name;
		struct span message;
		enum dns_outcome outcome;
		size_t found;
	} rows[] = {
		{ "one", SPAN(HEAD("\x81\x80", "\1", "\1") ASKED A_RECORD),
		    DNS_FOUND, 1 },
		{ "three",
		    SPAN(HEAD("\x81\x80", "\1", "\3")
			    ASKED A_RECORD A_RECORD A_RECORD),
		    DNS_FOUND, 3 },
		{ "behind an alias",
		    SPAN(HEAD("\x81\x80", "\1", "\2") ASKED ALIAS A_RECORD),
		    DNS_FOUND, 1 },
		{ "a name without a pointer",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED NAME
			"\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"),
		    DNS_FOUND, 1 },
		{ "any case",
		    SPAN(HEAD("\x81\x80", "\1", "\1") "\3aBC\0"
						      "\0\1\0\1" A_RECORD),
		    DNS_FOUND, 1 },
		{ "more behind",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED A_RECORD "rest"),
		    DNS_FOUND, 1 },
		{ "nothing", SPAN(HEAD("\x81\x80", "\1", "\0") ASKED),
		    DNS_NOT_FOUND, 0 },
		{ "an alias alone",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED ALIAS),
		    DNS_NOT_FOUND, 0 },
		{ "another type",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED
			"\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\4\x7f\0\0\1"),
		    DNS_NOT_FOUND, 0 },
		{ "another class",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED
			"\xc0\x0c\0\1\0\3\0\0\0\x3c\0\4\x7f\0\0\1"),
		    DNS_NOT_FOUND, 0 },
		{ "too short an address",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED
			"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\3\x7f\0\0"),
		    DNS_NOT_FOUND, 0 },
		{ "no such name", SPAN(HEAD("\x81\x83", "\1", "\0") ASKED),
		    DNS_NOT_FOUND, 0 },
		{ "failed", SPAN(HEAD("\x81\x82", "\1", "\0") ASKED),
		    DNS_FAILED, 0 },
		{ "failed, without the question",
		    SPAN(HEAD("\x81\x81", "\0", "\0")), DNS_FAILED, 0 },
		{ "truncated", SPAN(HEAD("\x83\x80", "\1", "\0") ASKED),
		    DNS_CUT, 0 },
		{ "less than it says",
		    SPAN(HEAD("\x81\x80", "\1", "\2") ASKED A_RECORD),
		    DNS_FAILED, 0 },
		{ "an endless name",
		    SPAN(HEAD("\x81\x80", "\1", "\1") ASKED "\x3fxyz"),
		    DNS_FAILED, 0 },
		{ "no question", SPAN(HEAD("\x81\x80", "\0", "\1") A_RECORD),
		    DNS_OTHER, 0 },
		{ "two questions",
		    SPAN(HEAD("\x81\x80", "\2", "\1") ASKED ASKED A_RECORD),
		    DNS_OTHER, 0 },
		{ "another id",
		    SPAN("\x12\x35\x81\x80\0\1\0\1\0\0\0\0" ASKED A_RECORD),
		    DNS_OTHER, 0 },
		{ "a question back",
		    SPAN(HEAD("\1\x80", "\1", "\1") ASKED A_RECORD), DNS_OTHER,
		    0 },
		{ "another name",
		    SPAN(HEAD("\x81\x80", "\1", "\1") "\3abd\0"
						      "\0\1\0\1" A_RECORD),
		    DNS_OTHER, 0 },
		{ "another question's type",
		    SPAN(HEAD("\x81\x80", "\1", "\1") NAME
			"\0\x1c\0\1" A_RECORD),
		    DNS_OTHER, 0 },
		{ "another question's class",
		    SPAN(HEAD("\x81\x80", "\1", "\1") NAME "\0\1\0\3" A_RECORD),
		    DNS_OTHER, 0 },
		{ "half a question", SPAN(HEAD("\x81\x80", "\1", "\1") "\3ab"),
		    DNS_OTHER, 0 },
		{ "half a header", SPAN("\x12\x34\x81\x80\0\1\0\1\0\0\0"),
		    DNS_OTHER, 0 },
		{ "empty", SPAN(""), DNS_OTHER, 0 },
	};

	for (EACH(r, rows)) {
		struct dns_question q = question(DNS_A, true);
		struct endpoints found = { 0 };
		/* of its own size, so that a read past its end is found */
		unsigned char *copy = malloc(r->message.len + 1);

		memcpy(copy, r->message.p, r->message.len);
		copy = realloc(copy, r->message.len + (r->message.len == 0));
		check_number(r->name,
		    dns_answer(&q, copy, r->message.len, &found), r->outcome);
		check_number(r->name, found.len, r->found);
		for (size_t i = 0; i < found.len; i++) {
			char text[ADDRESS_TEXT_MAX];

			endpoint_text(&found.list[i], text);
			check_text(r->name, span_of(text), "127.0.0.1:0");
		}
		free(copy);
	}
}

/* Unless the question is a plain one, its case has to be the same. */
TEST(cases)
{
	char message[] = HEAD("\x81\x80", "\1", "\1") ASKED A_RECORD;
	struct dns_question q = question(DNS_A, false);
	struct endpoints found = { 0 };
	unsigned char *bytes = (unsigned char *)message;

	memcpy(bytes + 12, q.name, q.name_len);
	check_number("the same",
	    dns_answer(&q, bytes, sizeof(message) - 1, &found), DNS_FOUND);
	for (size_t i = 1; i <= 3; i++) {
		bytes[12 + i] ^= 0x20;
		check_number("another",
		    dns_answer(&q, bytes, sizeof(message) - 1, &found),
		    DNS_OTHER);
		bytes[12 + i] ^= 0x20;
	}
}

/* More addresses than are tried are left out. */
TEST(many)
{
	char message[12 + sizeof(ASKED) + 255 * sizeof(A_RECORD)];
	struct dns_question q = question(DNS_A, true);
	struct endpoints found = { 0 };
	struct buf out;

	buf_init(&out, sizeof(message));
	buf_add(&out, HEAD("\x81\x80", "\1", "\xff"), 12);
	buf_add(&out, ASKED, sizeof(ASKED) - 1);
	for (int i = 0; i < 255; i++)
		buf_add(&out, A_RECORD, sizeof(A_RECORD) - 1);
	check_number("many",
	    dns_answer(&q, (unsigned char *)out.p, out.len, &found), DNS_FOUND);
	check_number("many", found.len, ENDPOINTS_MAX);
	buf_release(&out);
}

TESTS("dns", T(names), T(questions), T(guesses), T(answers), T(cases), T(many))
