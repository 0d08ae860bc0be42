/* Queries: what is asked for, and what values and their errors become. */
#include "stats/values.h"

#include <stdio.h>

#include "base/file.h"
#include "stats/binary.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/reply.h"
#include "support.h"

#define FOLDER "fixtures/innodb-get/"

#define UNANSWERED "errors unanswered 1\n"

static struct keys *keys;

/* A query of keys with blanks between, and labels of columns. */
struct spec {
	const char *keys;
	enum metric_type type;
	size_t columns, value;
	struct query_label labels[2];
	size_t labels_len;
	double scale;
	const char *separator;
};

/* The label names in the order that config/query.c gives them. */
#define NUMBER(...)                                                            \
	{                                                                      \
		.type = METRIC_GAUGE, __VA_ARGS__                              \
	}
#define COUNTER(...)                                                           \
	{                                                                      \
		.type = METRIC_COUNTER, __VA_ARGS__                            \
	}
#define ROW(...)                                                               \
	{                                                                      \
		.type = METRIC_GAUGE, .columns = 3, .value = 2,                \
		.labels = { { (char *)(uintptr_t) "a", 0 },                    \
			{ (char *)(uintptr_t) "b", 1 } },                      \
		.labels_len = 2, __VA_ARGS__                                   \
	}

static struct metric_query *
query_of(const struct spec *s, const char *words)
{
	struct metric_query *q = metric_query_new();

	q->name = strdup("m");
	q->help = strdup("Help.");
	q->type = s->type;
	q->columns = s->columns;
	q->value = s->value;
	q->scale = s->scale;
	q->separator = strdup(s->separator != NULL ? s->separator : "|");
	q->labels_len = s->labels_len;
	for (size_t i = 0; i < s->labels_len; i++)
		q->labels[i] = (struct query_label){ strdup(s->labels[i].name),
			s->labels[i].column };
	q->keys = calloc(QUERY_KEYS_MAX, sizeof(char *));
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		q->keys[q->keys_len++] = strndup(words, n);
		words += n + (words[n] == ' ');
	}
	return q;
}

static struct gets *
gets_of(const struct spec *s, const char *words)
{
	struct metric_query *q = query_of(s, words);
	struct gets *g = gets_new(&q, 1, NULL, NULL);

	metric_query_release(q);
	return g;
}

/* Samples without the name, then errors, shortened. */
static void
summary(struct buf *out, const struct values *v)
{
	struct buf text;
	const char *p, *end;

	buf_init(&text, 1U << 20);
	values_render(&text, TEXT_PROMETHEUS, NULL, v);
	buf_add_char(&text, '\0');
	for (p = text.p; *p != '\0'; p = end + 1) {
		char query[16], reason[32];
		unsigned n;

		end = strchr(p, '\n');
		if (p[0] == 'm' && (p[1] == '{' || p[1] == ' '))
			buf_add(out, p, (size_t)(end + 1 - p));
		else if (sscanf(p,
			     "memcached_query_errors{query=\"%15[^\"]\","
			     "reason=\"%31[^\"]\"} %u",
			     query, reason, &n) == 3)
			buf_printf(out, "errors %s %u\n", reason, n);
	}
	buf_release(&text);
}

static char long_label[VALUES_LABEL_BYTES_MAX + 8];

static const struct {
	const char *name;
	struct spec spec;
	struct span values[3];
	const char *expected;
} values_rows[] = {
	{ "integer", NUMBER(), { SPAN("42") }, "m 42\n" },
	{ "blanks around", NUMBER(), { SPAN(" 42 ") }, "m 42\n" },
	{ "zeros in front", NUMBER(), { SPAN("0042") }, "m 42\n" },
	{ "negative", NUMBER(), { SPAN("-12") }, "m -12\n" },
	{ "decimal", NUMBER(), { SPAN("3.140") }, "m 3.140\n" },
	{ "digits that a double has not", NUMBER(),
	    { SPAN("9007199254740993") }, "m 9007199254740993\n" },
	{ "BIGINT, largest", NUMBER(), { SPAN("9223372036854775807") },
	    "m 9223372036854775807\n" },
	{ "too large", NUMBER(), { SPAN("9223372036854775808") },
	    "errors number 1\n" },
	{ "counter", COUNTER(), { SPAN("18446744073709551615") },
	    "m 18446744073709551615\n" },
	{ "counter with a fraction", COUNTER(), { SPAN("1.5") }, "m 1.5\n" },
	{ "negative counter", COUNTER(), { SPAN("-1") }, "errors number 1\n" },
	{ "empty", NUMBER(), { SPAN("") }, "" },
	{ "blanks", NUMBER(), { SPAN("  ") }, "" },
	{ "word", NUMBER(), { SPAN("HELLO") }, "errors number 1\n" },
	{ "nan", NUMBER(), { SPAN("nan") }, "errors number 1\n" },
	{ "inf", NUMBER(), { SPAN("inf") }, "errors number 1\n" },
	{ "hexadecimal", NUMBER(), { SPAN("0x10") }, "errors number 1\n" },
	{ "NUL", NUMBER(), { SPAN("4\0002") }, "errors number 1\n" },
	{ "scaled", NUMBER(.scale = 0.001), { SPAN("1234") }, "m 1.234\n" },
	{ "scaled up", NUMBER(.scale = 1000), { SPAN("12") }, "m 12000\n" },
	{ "scaled, no number", NUMBER(.scale = 2), { SPAN("x") },
	    "errors number 1\n" },
	{ "scaled out of all range", NUMBER(.scale = 1e300), { SPAN("1e18") },
	    "errors number 1\n" },
	{ "columns", ROW(), { SPAN("x|y|1") }, "m{a=\"x\",b=\"y\"} 1\n" },
	{ "rows", ROW(), { SPAN("x|y|1"), SPAN("x|z|2") },
	    "m{a=\"x\",b=\"y\"} 1\nm{a=\"x\",b=\"z\"} 2\n" },
	{ "too few", ROW(), { SPAN("x|1") }, "errors columns 1\n" },
	{ "too many", ROW(), { SPAN("x|y|1|") }, "errors columns 1\n" },
	{ "none at all", ROW(), { SPAN("") }, "errors columns 1\n" },
	{ "NULL in all", ROW(), { SPAN("||") }, "" },
	{ "NULL in a label", ROW(), { SPAN("x||7") }, "m{a=\"x\",b=\"\"} 7\n" },
	{ "NULL in the value", ROW(), { SPAN("x|y|") }, "" },
	{ "the first wins", ROW(),
	    { SPAN("x|y|1"), SPAN("x|y|2"), SPAN("x|z|3") },
	    "m{a=\"x\",b=\"y\"} 1\nm{a=\"x\",b=\"z\"} 3\n"
	    "errors duplicate 1\n" },
	{ "no labels, two values", NUMBER(), { SPAN("1"), SPAN("2") },
	    "m 1\nerrors duplicate 1\n" },
	{ "a value that is none does not win", NUMBER(),
	    { SPAN("x"), SPAN("2") }, "m 2\nerrors number 1\n" },
	{ "escaped", ROW(), { SPAN("q\"\\|l\r\nm|1") },
	    "m{a=\"q\\\"\\\\\",b=\"l\xef\xbf\xbd\\nm\"} 1\n" },
	{ "no UTF-8", ROW(), { SPAN("\xff|\xc3\xa9|1") },
	    "m{a=\"\xef\xbf\xbd\",b=\"\xc3\xa9\"} 1\n" },
	{ "the same when escaped", ROW(),
	    { SPAN("\xff|y|1"), SPAN("\xfe|y|2") },
	    "m{a=\"\xef\xbf\xbd\",b=\"y\"} 1\nerrors duplicate 1\n" },
	{ "long separator", ROW(.separator = "::"), { SPAN("x:::y::1") },
	    "m{a=\"x\",b=\":y\"} 1\n" },
	{ "long label", ROW(), { { long_label, sizeof(long_label) } },
	    "errors label 1\n" },
	{ "longest label", ROW(),
	    { { long_label + 4, VALUES_LABEL_BYTES_MAX + 4 } }, NULL },
};

TEST(take)
{
	memset(long_label, 'x', sizeof(long_label));
	memcpy(long_label + sizeof(long_label) - 4, "|y|1", 4);
	for (EACH(r, values_rows)) {
		struct gets *g = gets_of(&r->spec, "k1 k2 k3");
		struct values *v = values_new(g);
		struct buf out;

		buf_init(&out, 1U << 20);
		for (size_t i = 0; i < nitems(r->values); i++) {
			if (r->values[i].p != NULL)
				values_take(v, 0, r->values[i]);
			values_answered(v, 0);
		}
		summary(&out, v);
		if (r->expected != NULL)
			check_text(r->name, span_of_buf(&out), r->expected);
		else
			check(r->name, out.len > VALUES_LABEL_BYTES_MAX);
		buf_release(&out);
		values_free(v);
		gets_release(g);
	}
}

/* Nothing is kept, and nothing breaks, when the reply was dropped. */
TEST(dropped)
{
	values_take(NULL, 0, SPAN("1"));
	values_fail(NULL, 0, VALUES_REFUSED);
	values_answered(NULL, 0);
	values_add(NULL, NULL);
	values_free(NULL);
	gets_release(NULL);
	metric_query_release(NULL);
}

/* Golden, in both formats; what a real server's become: test_queries.py. */
TEST(rendered)
{
	static const char *const expected[TEXT_FORMATS] = {
		[TEXT_PROMETHEUS] =
		    "# HELP m_total Help.\n"
		    "# TYPE m_total counter\n"
		    "m_total{a=\"x\",b=\"y\"} 1\n"
		    "# HELP memcached_query_success 1 when the server answered"
		    " all keys of a query, and no sample was lost.\n"
		    "# TYPE memcached_query_success gauge\n"
		    "memcached_query_success{query=\"m_total\"} 0\n"
		    "# HELP memcached_query_errors Samples of a query that this"
		    " scrape lacks, by reason.\n"
		    "# TYPE memcached_query_errors gauge\n"
		    "memcached_query_errors{query=\"m_total\","
		    "reason=\"unanswered\"} 1\n",
		[TEXT_OPENMETRICS] =
		    "# TYPE m counter\n"
		    "# HELP m Help.\n"
		    "m_total{a=\"x\",b=\"y\"} 1\n"
		    "# TYPE memcached_query_success gauge\n"
		    "# HELP memcached_query_success 1 when the server answered"
		    " all keys of a query, and no sample was lost.\n"
		    "memcached_query_success{query=\"m_total\"} 0\n"
		    "# TYPE memcached_query_errors gauge\n"
		    "# HELP memcached_query_errors Samples of a query that this"
		    " scrape lacks, by reason.\n"
		    "memcached_query_errors{query=\"m_total\","
		    "reason=\"unanswered\"} 1\n",
	};
	struct spec spec = ROW();
	struct metric_query *q;
	struct gets *g;
	struct values *v;

	spec.type = METRIC_COUNTER;
	q = query_of(&spec, "k1 k2");
	free(q->name);
	q->name = strdup("m_total");
	g = gets_new(&q, 1, NULL, NULL);
	v = values_new(g);
	values_take(v, 0, SPAN("x|y|1"));
	values_answered(v, 0);
	for (unsigned f = 0; f < TEXT_FORMATS; f++) {
		struct buf out;

		buf_init(&out, 10000);
		values_render(&out, (enum text_format)f, NULL, v);
		check_text("text", span_of_buf(&out), expected[f]);
		buf_release(&out);
	}
	values_free(v);
	gets_release(g);
	metric_query_release(q);
}

static bool
is_plain(const struct metric_query *q, const char *key, void *arg)
{
	(void)q;
	return (key[1] == '1') == *(const bool *)arg;
}

/* Two servers, each with its keys, make one family. */
TEST(add)
{
	static const struct spec spec = ROW();
	struct metric_query *q = query_of(&spec, "k1 k2 k3");
	bool first = true, others = false;
	struct gets *all = gets_new(&q, 1, is_plain, &others);
	struct gets *one = gets_new(&q, 1, is_plain, &first);
	struct values *v = values_new(all), *w = values_new(one);
	struct buf out;

	check_number("one", one->len, 1);
	check_number("all", all->len, 2);
	values_take(v, 0, SPAN("x|y|1"));
	values_answered(v, 0);
	values_take(w, 0, SPAN("x|y|2"));
	values_take(w, 0, SPAN("x|z|2"));
	values_answered(w, 0);
	values_add(v, w);
	buf_init(&out, 10000);
	summary(&out, v);
	check_text("added", span_of_buf(&out),
	    "m{a=\"x\",b=\"y\"} 1\nm{a=\"x\",b=\"z\"} 2\n" UNANSWERED
	    "errors duplicate 1\n");
	buf_release(&out);
	values_free(v);
	values_free(w);
	gets_release(all);
	gets_release(one);
	metric_query_release(q);
}

TEST(commands)
{
	static const struct spec spec = NUMBER();
	struct gets *g = gets_of(&spec, "a @@b.c"), *same, *other;

	check_text("all", g->commands, "get a\r\nget @@b.c\r\n");
	check_text("second", g->list[1].command, "get @@b.c\r\n");
	check_bytes("packet", g->list[1].packet,
	    SPAN("\x80\x0c\0\5\0\0\0\0\0\0\0\5\0\1\0\1\0\0\0\0\0\0\0\0@@b.c"));
	check("switches", metric_query_key_switches("@@b"));
	check("plain", !metric_query_key_switches("@b"));
	same = gets_of(&spec, "a @@b.c");
	other = gets_of(&spec, "a @@b.d");
	check("same", gets_equal(g, same));
	check("other", !gets_equal(g, other));
	check("none", !gets_equal(g, NULL) && gets_equal(NULL, NULL));
	gets_release(g);
	gets_release(same);
	gets_release(other);
}

/* What comes behind the answer to `stats`, and what it becomes. */
#define HEAD "STAT pid 1\r\nEND\r\n"
#define VALUE_A "VALUE a 0 2\r\n42\r\nEND\r\n"

static const struct {
	const char *name;
	const char *keys;
	struct span answer;
	enum reader_state state;
	const char *expected;
} answers[] = {
	{ "value", "a", SPAN(VALUE_A), READER_DONE, "m 42\n" },
	{ "with cas", "a", SPAN("VALUE a 0 2 17\r\n42\r\nEND\r\n"), READER_DONE,
	    "m 42\n" },
	{ "missing", "a", SPAN("END\r\n"), READER_DONE, "" },
	{ "missing, then there", "a b",
	    SPAN("END\r\nVALUE b 0 1\r\n7\r\nEND\r\n"), READER_DONE, "m 7\n" },
	{ "empty", "a", SPAN("VALUE a 0 0\r\n\r\nEND\r\n"), READER_DONE, "" },
	{ "line ends and END in it", "a b",
	    SPAN("VALUE a 0 8\r\nx\r\nEND\r\n\r\nEND\r\n"
		 "VALUE b 0 1\r\n7\r\nEND\r\n"),
	    READER_DONE, "m 7\nerrors number 1\n" },
	{ "SERVER_ERROR", "a b",
	    SPAN("SERVER_ERROR out of memory\r\nVALUE b 0 1\r\n7\r\nEND\r\n"),
	    READER_DONE, "m 7\nerrors refused 1\n" },
	{ "the plugin's sentence", "a b",
	    SPAN(
		"We temporarily don't support multiple get option.\r\nEND\r\n"),
	    READER_DONE, "errors refused 1\n" },
	{ "another key", "a", SPAN("VALUE b 0 2\r\n42\r\nEND\r\n"), READER_DONE,
	    "errors other_key 1\n" },
	{ "another one's first", "a",
	    SPAN("VALUE b 0 1\r\n1\r\nVALUE a 0 2\r\n42\r\nEND\r\n"),
	    READER_DONE, "errors other_key 2\n" },
	{ "two values", "a",
	    SPAN("VALUE a 0 2\r\n42\r\nVALUE a 0 1\r\n7\r\nEND\r\n"),
	    READER_DONE, "m 42\nerrors other_key 1\n" },
	{ "shorter than it is", "a b",
	    SPAN("VALUE a 0 1\r\n42\r\nEND\r\nEND\r\n"), READER_FAILED,
	    UNANSWERED "errors length 1\n" },
	{ "longer than it is", "a b",
	    SPAN("VALUE a 0 3\r\n42\r\nEND\r\nEND\r\n"), READER_FAILED,
	    UNANSWERED "errors length 1\n" },
	{ "no length", "a", SPAN("VALUE a 0\r\n42\r\nEND\r\n"), READER_FAILED,
	    "errors length 1\n" },
	{ "negative length", "a", SPAN("VALUE a 0 -1\r\n42\r\nEND\r\n"),
	    READER_FAILED, "errors length 1\n" },
	{ "absurd length", "a",
	    SPAN("VALUE a 0 18446744073709551615\r\n42\r\nEND\r\n"),
	    READER_FAILED, "errors length 1\n" },
	{ "length past all", "a",
	    SPAN("VALUE a 0 99999999999999999999999\r\n42\r\nEND\r\n"),
	    READER_FAILED, "errors length 1\n" },
	{ "longer than is waited for", "a", SPAN("VALUE a 0 16777217\r\n42"),
	    READER_FAILED, "errors length 1\n" },
	{ "something else in its place", "a", SPAN("STAT pid 1\r\nEND\r\n"),
	    READER_FAILED, "errors length 1\n" },
	{ "something else behind it", "a",
	    SPAN("VALUE a 0 2\r\n42\r\nhello\r\nEND\r\n"), READER_FAILED,
	    "m 42\nerrors length 1\n" },
	{ "cut in the value", "a", SPAN("VALUE a 0 2\r\n4"), READER_MORE,
	    UNANSWERED },
	{ "no END", "a", SPAN("VALUE a 0 2\r\n42\r\n"), READER_MORE,
	    "m 42\n" UNANSWERED },
	{ "nothing", "a", SPAN(""), READER_MORE, UNANSWERED },
};

/* Reads in pieces of a size. */
static enum reader_state
feed(struct reader *r, struct span in, size_t size)
{
	enum reader_state state = READER_MORE;
	struct error e;

	while (in.len > 0 && state == READER_MORE) {
		struct span piece = { in.p, size < in.len ? size : in.len };

		in = (struct span){ in.p + piece.len, in.len - piece.len };
		state = reader_feed(r, &piece, &e);
	}
	return state;
}

static struct reader *
reader_of(struct plans *plans, bool binary)
{
	unsigned stats = COLLECTOR_BIT(COLLECTOR_STATS);
	const struct plan *plan = plans_get(plans, stats, stats);

	return binary ? reader_new_binary(keys, plan)
		      : reader_new(keys, plan, false);
}

TEST(every_piece)
{
	static const struct spec spec = NUMBER();

	keys = keys_new();
	for (EACH(r, answers)) {
		struct gets *g = gets_of(&spec, r->keys);
		struct plans *plans = plans_new_with(1, g, NULL);
		char text[512];
		struct span in = { text, sizeof(HEAD) - 1 + r->answer.len };

		memcpy(text, HEAD, sizeof(HEAD) - 1);
		memcpy(text + sizeof(HEAD) - 1, r->answer.p, r->answer.len);
		for (size_t size = 1; size <= in.len; size++) {
			struct reader *reader = reader_of(plans, false);
			struct buf out;

			buf_init(&out, 10000);
			check_number(r->name, feed(reader, in, size), r->state);
			check(r->name, reply_has_ended(reader_reply(reader),
					   COLLECTOR_STATS));
			summary(&out, reply_values(reader_reply(reader)));
			check_text(r->name, span_of_buf(&out), r->expected);
			buf_release(&out);
			reader_free(reader);
		}
		plans_free(plans);
		gets_release(g);
	}
	keys_free(keys);
}

/* One past the limit is passed over, in both protocols. */
TEST(large)
{
	static const struct spec spec = NUMBER();
	struct gets *g = gets_of(&spec, "a b");
	struct plans *plans = plans_new_with(1, g, NULL);

	keys = keys_new();
	for (size_t n = LINE_VALUE_MAX; n <= LINE_VALUE_MAX + 1; n++) {
		struct reader *r = reader_of(plans, false);
		struct buf in, out;

		buf_init(&in, 4U << 20);
		buf_init(&out, 1000);
		buf_printf(&in, HEAD "VALUE a 0 %zu\r\n", n);
		(void)buf_reserve(&in, n);
		memset(in.p + in.len, ' ', n);
		in.len += n;
		buf_add_str(&in, "\r\nEND\r\nVALUE b 0 1\r\n7\r\nEND\r\n");
		check_number(
		    "done", feed(r, span_of_buf(&in), 65536), READER_DONE);
		summary(&out, reply_values(reader_reply(r)));
		check_text("one past it", span_of_buf(&out),
		    n > LINE_VALUE_MAX ? "m 7\nerrors too_large 1\n" : "m 7\n");
		buf_release(&in);
		buf_release(&out);
		reader_free(r);
	}
	plans_free(plans);
	gets_release(g);
	keys_free(keys);
}

#define PACKET(opcode, key, extras, status, body, opaque)                      \
	"\x81" opcode "\0" key extras "\0\0" status "\0\0\0" body opaque       \
	"\0\0\0\0\0\0\0\0"
#define STATS PACKET("\x10", "\0", "\0", "\0", "\0", "\0\0\0\0")

static const struct {
	const char *name;
	struct span answer;
	enum reader_state state;
	const char *expected;
} packets[] = {
	{ "value",
	    SPAN(PACKET(
		"\x0c", "\1", "\4", "\0", "\7", "\0\1\0\0") "\0\0\0\0a42"),
	    READER_DONE, "m 42\n" },
	{ "missing", SPAN(PACKET("\x0c", "\0", "\0", "\1", "\0", "\0\1\0\0")),
	    READER_DONE, "" },
	{ "refused", SPAN(PACKET("\x0c", "\0", "\0", "\x84", "\0", "\0\1\0\0")),
	    READER_DONE, "errors refused 1\n" },
	{ "another key",
	    SPAN(PACKET(
		"\x0c", "\1", "\4", "\0", "\7", "\0\1\0\0") "\0\0\0\0b42"),
	    READER_DONE, "errors other_key 1\n" },
	{ "another get's",
	    SPAN(PACKET(
		"\x0c", "\1", "\4", "\0", "\7", "\0\1\0\1") "\0\0\0\0a42"),
	    READER_FAILED, UNANSWERED },
	{ "another command's",
	    SPAN(PACKET("\x10", "\0", "\0", "\0", "\0", "\0\1\0\0")),
	    READER_FAILED, UNANSWERED },
};

TEST(binary)
{
	static const struct spec spec = NUMBER();
	struct gets *g = gets_of(&spec, "a");
	struct plans *plans = plans_new_with(1, g, NULL);
	static const char stats[] =
	    PACKET("\x10", "\3", "\0", "\0", "\4", "\0\0\0\0") "pid1" STATS;

	keys = keys_new();
	for (EACH(r, packets)) {
		for (size_t size = 1; size < 200; size += 7) {
			struct reader *reader = reader_of(plans, true);
			struct buf out;

			buf_init(&out, 1000);
			(void)feed(reader, SPAN(stats), size);
			check_number(
			    r->name, feed(reader, r->answer, size), r->state);
			summary(&out, reply_values(reader_reply(reader)));
			check_text(r->name, span_of_buf(&out), r->expected);
			buf_release(&out);
			reader_free(reader);
		}
	}
	plans_free(plans);
	gets_release(g);
	keys_free(keys);
}

/* Recorded of MySQL 5.7.35: fixtures/innodb-get/README.txt. */
static const struct {
	const char *name;
	const char *key;
	struct spec spec;
	const char *expected;
} recorded[] = {
	{ "get-AA", "AA", NUMBER(), "errors number 1\n" },
	{ "get-num", "num", NUMBER(), "m 42\n" },
	{ "get-numpad", "numpad", NUMBER(), "m 42\n" },
	{ "get-null-value", "CC", NUMBER(), "" },
	{ "get-empty-value", "DD", NUMBER(), "" },
	{ "get-missing", "nosuchkey", NUMBER(), "" },
	{ "get-expired", "expired", NUMBER(), "" },
	{ "get-nul-value", "GG", NUMBER(), "errors number 1\n" },
	{ "get-crlf-value", "FF", NUMBER(), "errors number 1\n" },
	{ "get-case", "aa", NUMBER(), "errors number 1\n" },
	{ "int-key-1", "@@ints.1", NUMBER(), "m -9223372036854775808\n" },
	{ "int-key-2", "@@ints.2", NUMBER(), "m 9223372036854775807\n" },
	{ "table-get-one", "@@multi.one", ROW(),
	    "m{a=\"first\",b=\"second\"} 3\n" },
	{ "multi-nulls", "@@multi.nulls", ROW(), "" },
	{ "multi-midnull", "@@multi.midnull", ROW(), "m{a=\"x\",b=\"\"} 7\n" },
	{ "multi-pipe", "@@multi.pipe", ROW(), "errors columns 1\n" },
	{ "multi-blank", "@@multi.blank", ROW(),
	    "m{a=\"  a b \",b=\"\"} -12\n" },
	{ "multi-crlf", "@@multi.crlf", ROW(),
	    "m{a=\"a\xef\xbf\xbd\\nb\",b=\"END\"} 0\n" },
	{ "get-latin1-in-utf8-table", "@@multi.uml", ROW(),
	    "m{a=\"\xc3\xa9\",b=\"\xe2\x82\xac\"} 0\n" },
	{ "long-multiline", "@@long.multi-line", NUMBER(),
	    "errors number 1\n" },
	{ "table-get-missing-container", "@@nosuch.AA", NUMBER(), "" },
};

static size_t
read_file(const char *name, const char *kind, char *text, size_t size)
{
	struct span content = { text, 0 };
	struct error e;
	char path[128];

	(void)snprintf(path, sizeof(path), FOLDER "%s.%s", name, kind);
	check(path, file_read(path, text, size, &content, &e) == 0);
	return content.len;
}

TEST(innodb)
{
	keys = keys_new();
	for (EACH(r, recorded)) {
		struct gets *g = gets_of(&r->spec, r->key);
		struct plans *plans = plans_new_with(1, g, NULL);
		struct reader *reader = reader_of(plans, false);
		char text[4096];
		struct buf out;
		size_t n;

		buf_init(&out, 10000);
		n = read_file(r->name, "req", text, sizeof(text));
		check_bytes(r->name, g->commands, ((struct span){ text, n }));
		n = read_file(r->name, "rsp", text, sizeof(text));
		(void)feed(reader, SPAN(HEAD), 100);
		check_number(r->name, feed(reader, (struct span){ text, n }, 5),
		    READER_DONE);
		summary(&out, reply_values(reader_reply(reader)));
		check_text(r->name, span_of_buf(&out), r->expected);
		buf_release(&out);
		reader_free(reader);
		plans_free(plans);
		gets_release(g);
	}
	keys_free(keys);
}

TESTS("values", T(take), T(dropped), T(rendered), T(add), T(commands),
    T(every_piece), T(large), T(binary), T(innodb))
