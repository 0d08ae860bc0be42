#include "stats/cluster.h"

#include "base/error.h"
#include "stats/keys.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "support.h"

/* "host:port ip" of each node with a comma between, or NULL: no cluster. */
static void
check_nodes(const char *row, struct span text, const char *wanted)
{
	struct cluster *c = NULL;
	struct error e;
	struct buf out;
	int r = cluster_parse(text, &c, &e);

	buf_init(&out, 1U << 20);
	for (size_t i = 0; r == 0 && i < c->len; i++) {
		char address[ADDRESS_TEXT_MAX];

		address_text(&c->nodes[i].address, address);
		buf_printf(
		    &out, "%s%s %s", i > 0 ? "," : "", address, c->nodes[i].ip);
	}
	check_number(row, r, wanted != NULL ? 0 : -1);
	if (r == 0)
		check_text(row, span_of_buf(&out), wanted);
	buf_release(&out);
	free(c);
}

TEST(nodes)
{
	static const struct {
		const char *name;
		struct span text;
		const char *nodes;
	} rows[] = {
		{ "Amazon's",
		    SPAN("12\n"
			 "c.0001.use1.cache.amazonaws.com|10.1.2.3|"
			 "11211 c.0002.use1.cache.amazonaws.com|"
			 "10.1.2.4|11212\n"),
		    "c.0001.use1.cache.amazonaws.com:11211 10.1.2.3,"
		    "c.0002.use1.cache.amazonaws.com:11212 10.1.2.4" },
		{ "Google's", SPAN("1\n10.0.0.3|10.0.0.3|11211\n"),
		    "10.0.0.3:11211 10.0.0.3" },
		{ "no ip", SPAN("1\nh||1\n"), "h:1 " },
		{ "no host", SPAN("1\n|10.0.0.3|1\n"), "10.0.0.3:1 10.0.0.3" },
		{ "IPv6", SPAN("1\nh|fd00::1|1 |fd00::2|2\n"),
		    "h:1 fd00::1,[fd00::2]:2 fd00::2" },
		{ "CR LF, blanks", SPAN("1\r\na||1  b||2\r\n\r\n"),
		    "a:1 ,b:2 " },
		{ "no end of line", SPAN("1\na||1"), "a:1 " },
		{ "a line for each", SPAN("1\na||1\nb||2\n"), "a:1 ,b:2 " },
		{ "twice", SPAN("1\na||1 b||1 A||1 a||2\n"), "a:1 ,b:1 ,a:2 " },
		{ "nothing", SPAN(""), NULL },
		{ "not even a place", { NULL, 0 }, NULL },
		{ "no node", SPAN("1\n\n"), NULL },
		{ "no version", SPAN("a||1\n"), NULL },
		{ "version is no number", SPAN("x\na||1\n"), NULL },
		{ "negative version", SPAN("-1\na||1\n"), NULL },
		{ "two versions", SPAN("1 2\na||1\n"), NULL },
		{ "neither host nor ip", SPAN("1\n||1\n"), NULL },
		{ "no port", SPAN("1\na||\n"), NULL },
		{ "two parts", SPAN("1\na|1\n"), NULL },
		{ "four parts", SPAN("1\na||1|2\n"), NULL },
		{ "port 0", SPAN("1\na||0\n"), NULL },
		{ "large port", SPAN("1\na||65536\n"), NULL },
		{ "huge port", SPAN("1\na||18446744073709551617\n"), NULL },
		{ "signed port", SPAN("1\na||+1\n"), NULL },
		{ "ip is a name", SPAN("1\na|b|1\n"), NULL },
		{ "a socket", SPAN("1\n/run/x||1\n"), NULL },
		{ "a socket's URL", SPAN("1\nunix:/run/x||1\n"), NULL },
		{ "user", SPAN("1\na@b||1\n"), NULL },
		{ "markup", SPAN("1\n<b>\"||1\n"), NULL },
		{ "NUL", SPAN("1\na\0b||1\n"), NULL },
		{ "NUL behind", SPAN("1\na||1\0\n"), NULL },
		{ "bytes", SPAN("1\n\xff\xfe||1\n"), NULL },
		{ "one bad of two", SPAN("1\na||1 b\n"), NULL },
	};

	for (EACH(r, rows))
		check_nodes(r->name, r->text, r->nodes);
}

TEST(bounds)
{
	struct cluster *c = NULL;
	struct buf text;
	struct error e;

	buf_init(&text, 1U << 20);
	buf_add_str(&text, "1\n");
	for (int i = 0; i < CLUSTER_NODES_MAX; i++)
		buf_printf(&text, "n%d||11211 ", i);
	check_number("all", cluster_parse(span_of_buf(&text), &c, &e), 0);
	check_number("all", c->len, CLUSTER_NODES_MAX);
	free(c);
	buf_add_str(&text, "n||1");
	check_number("one more", cluster_parse(span_of_buf(&text), &c, &e), -1);
	check_number("one more", e.reason, REASON_TOO_LARGE);
	text.len = 0;
	buf_add_str(&text, "1\n");
	for (int i = 0; i < 1000; i++)
		buf_add_char(&text, 'a');
	buf_add_str(&text, "||1");
	check_number(
	    "long host", cluster_parse(span_of_buf(&text), &c, &e), -1);
	buf_release(&text);
}

/* Answers to both ways, whole and byte by byte; text: what is in it. */
TEST(answers)
{
	static const struct {
		const char *name, *answers;
		enum reader_state state;
		const char *text;
	} rows[] = {
		{ "new", "CONFIG cluster 0 9\r\n1\na||1  \n\r\nEND\r\n",
		    READER_DONE, "1\na||1  \n" },
		{ "old",
		    "ERROR\r\nVALUE AmazonElastiCache:cluster 0 8\r\n"
		    "1\na||1 \n\r\nEND\r\n",
		    READER_DONE, "1\na||1 \n" },
		{ "neither", "ERROR\r\nEND\r\n", READER_DONE, "" },
		{ "refused twice", "ERROR\r\nSERVER_ERROR no\r\n", READER_DONE,
		    "" },
		{ "empty", "END\r\nEND\r\n", READER_DONE, "" },
		{ "words", "What?\r\nno\r\n", READER_DONE, "" },
		{ "too short a length",
		    "CONFIG cluster 0 3\r\n1\na||1\n\r\nEND\r\n", READER_FAILED,
		    NULL },
		{ "too long a length",
		    "CONFIG cluster 0 10\r\n1\na||1\n\r\nEND\r\n",
		    READER_FAILED, NULL },
		{ "length for ever", "CONFIG cluster 0 1000\r\n1\na||1\n",
		    READER_MORE, "" },
		{ "no length", "CONFIG cluster 0\r\n", READER_FAILED, NULL },
		{ "no number", "CONFIG cluster 0 -1\r\n", READER_FAILED, NULL },
		{ "huge", "CONFIG cluster 0 18446744073709551617\r\n",
		    READER_FAILED, NULL },
		{ "another key", "CONFIG other 0 1\r\n1\r\nEND\r\n",
		    READER_FAILED, NULL },
		{ "a value that was not asked for", "STAT a 1\r\n",
		    READER_FAILED, NULL },
	};
	struct plans *plans = plans_new(1);
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		for (size_t size = 1; size < 1000; size += 998) {
			struct reader *reader =
			    reader_new(keys, plans_cluster(plans), false);
			enum reader_state state = READER_MORE;
			struct span in = span_of(r->answers);
			struct error e;

			while (in.len > 0 && state == READER_MORE) {
				size_t n = size < in.len ? size : in.len;
				struct span piece = { in.p, n };

				in = (struct span){ in.p + n, in.len - n };
				state = reader_feed(reader, &piece, &e);
			}
			check_number(r->name, state, r->state);
			if (r->text != NULL)
				check_text(r->name,
				    reply_cluster(reader_reply(reader)),
				    r->text);
			reader_free(reader);
		}
	}
	keys_free(keys);
	plans_free(plans);
}

TEST(plan)
{
	struct plans *ps = plans_new(1);
	const struct plan *p = plans_cluster(ps);

	check("shared", plans_cluster(ps) == p);
	check("no scrape", plans_usual(ps, 0) != p);
	check_number("steps", p->len, CLUSTER_WAYS);
	check_number("alone", p->asked & ~STEPS_CLUSTER, 0);
	check_text("first", p->steps[0].text, "config get cluster\r\n");
	check_text(
	    "then", p->steps[1].text, "get AmazonElastiCache:cluster\r\n");
	plans_free(ps);
}

TESTS("cluster", T(nodes), T(bounds), T(answers), T(plan))
