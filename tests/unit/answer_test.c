/* What the collectors that add up make of odd lines. */
#include "stats/collector.h"

#include <stdio.h>

#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/render.h"
#include "support.h"

#define END "END\r\n"

/* Feeds an answer to a collector, and to stats before it. */
static struct reader *
read_answer(const struct keys *keys, struct plans *plans, enum collector_id id,
    struct span answer)
{
	unsigned set = COLLECTOR_BIT(COLLECTOR_STATS) | COLLECTOR_BIT(id);
	struct reader *r = reader_new(keys, plans_get(plans, set, set), false);
	struct span stats = SPAN("STAT pid 1\r\n" END);
	struct error e;

	check_number("stats", reader_feed(r, &stats, &e), READER_MORE);
	check_number("answer", reader_feed(r, &answer, &e), READER_DONE);
	return r;
}

/* The samples without those of histograms that are 0, and without "# ". */
static void
render_samples(struct buf *out, struct reader *r)
{
	struct buf text;
	struct span left;

	buf_init(&text, 1 << 20);
	render_reply(&text, TEXT_PROMETHEUS, reader_reply(r), 0, NULL);
	left = span_of_buf(&text);
	while (left.len > 0) {
		const char *lf = memchr(left.p, '\n', left.len);
		struct span line = { left.p, (size_t)(lf + 1 - left.p) };

		if (line.p[0] != '#' && memcmp(lf - 2, " 0", 2) != 0)
			buf_add_span(out, line);
		left.p += line.len;
		left.len -= line.len;
	}
	buf_release(&text);
}

TEST(odd_lines)
{
	static const struct {
		const char *name;
		enum collector_id id;
		const char *answer;
		const char *samples;
		unsigned ignored;
		bool failed;
	} rows[] = {
		{ "no connection", COLLECTOR_CONNS, END, "", 0, false },
		{ "keys without a number", COLLECTOR_CONNS,
		    "STAT state conn_read\r\n" END, "", 1, false },
		{ "a connection without a state", COLLECTOR_CONNS,
		    "STAT 1:addr tcp:a\r\nSTAT 1:what 1\r\n" END, "", 0,
		    false },
		{ "a state without conn_, an address without a colon",
		    COLLECTOR_CONNS,
		    "STAT 1:addr unknown\r\nSTAT 1:state odd\r\n" END,
		    "memcached_connections_by_state{state=\"odd\","
		    "transport=\"\"} 1\n",
		    0, false },
		{ "long words are cut", COLLECTOR_CONNS,
		    "STAT 1:addr aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1\r\n"
		    "STAT 1:state conn_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n" END,
		    "memcached_connections_by_state{"
		    "state=\"bbbbbbbbbbbbbbbbbbbbbbbb\","
		    "transport=\"aaaaaaaaaaaaaaaaaaaaaaaa\"} 1\n",
		    0, false },
		{ "numbers that cannot be", COLLECTOR_CONNS,
		    "STAT 1:secs_since_last_cmd -1\r\n"
		    "STAT 1:resps_waiting 4294967296\r\n"
		    "STAT 1:resps_waiting x\r\n" END,
		    "", 3, false },

		{ "sizes", COLLECTOR_SIZES,
		    "STAT 1073741824 2\r\nSTAT 4294967296 1\r\n"
		    "STAT 64 9223372036854775808\r\nSTAT x 1\r\n" END,
		    "memcached_item_size_bytes_bucket{le=\"1073741824\"} 2\n"
		    "memcached_item_size_bytes_bucket{le=\"+Inf\"} 2\n"
		    "memcached_item_size_bytes_sum 2147483648\n"
		    "memcached_item_size_bytes_count 2\n",
		    3, false },
		{ "sizes are not counted", COLLECTOR_SIZES,
		    "STAT 64 1\r\nSTAT sizes_status disabled\r\n"
		    "STAT 96 1\r\n" END,
		    "", 0, true },
		{ "counting failed", COLLECTOR_SIZES,
		    "STAT sizes_error no_memory\r\n" END, "", 0, true },

		{ "a page without a version", COLLECTOR_EXTSTORE,
		    "STAT 0:bytes 5\r\nSTAT 0:bucket 1\r\n" END, "", 0, false },
		{ "a bucket out of range", COLLECTOR_EXTSTORE,
		    "STAT 0:version 1\r\nSTAT 0:bucket 32\r\n"
		    "STAT x:version 1\r\nSTAT version 1\r\n" END,
		    "", 3, false },
		{ "a free page without a free bucket", COLLECTOR_EXTSTORE,
		    "STAT 0:version 0\r\nSTAT 0:bucket 31\r\n" END,
		    "memcached_extstore_pages{bucket=\"31\",state=\"free\"} "
		    "1\n",
		    0, false },

		{ "what a page says is not said of the next",
		    COLLECTOR_EXTSTORE,
		    "STAT 0:version 1\r\nSTAT 0:bytes 7\r\nSTAT 0:bucket 1\r\n"
		    "STAT 1:version 1\r\nSTAT 1:bucket 1\r\n" END,
		    "memcached_extstore_pages{bucket=\"1\",state=\"used\"} 2\n"
		    "memcached_extstore_page_bytes{bucket=\"1\"} 7\n",
		    0, false },
		{ "as many bytes as may be, and one more", COLLECTOR_EXTSTORE,
		    "STAT 0:version 4294967296\r\nSTAT 0:bytes 4294967295\r\n"
		    "STAT 0:bucket 1\r\nSTAT 1:version 1\r\n"
		    "STAT 1:bytes 4294967296\r\nSTAT 1:bucket 2\r\n" END,
		    "memcached_extstore_pages{bucket=\"1\",state=\"used\"} 1\n"
		    "memcached_extstore_pages{bucket=\"2\",state=\"used\"} 1\n"
		    "memcached_extstore_page_bytes{bucket=\"1\"} 4294967295\n",
		    1, false },

		{ "no prefix", COLLECTOR_DETAIL, END, "", 0, false },
		{ "a prefix of one byte", COLLECTOR_DETAIL,
		    "PREFIX a get 1 hit 1 set 0 del 0\r\n" END,
		    "memcached_prefix_commands_total{command=\"get\","
		    "prefix=\"a\",status=\"hit\"} 1\n",
		    0, false },
		{ "an empty prefix is among the rest", COLLECTOR_DETAIL,
		    "PREFIX  get 1 hit 1 set 0 del 0\r\n" END,
		    "memcached_prefix_commands_total{command=\"get\","
		    "prefix=\"\",status=\"hit\"} 1\n",
		    0, false },
		{ "words missing", COLLECTOR_DETAIL,
		    "PREFIX\r\nPREFIX a\r\nPREFIX a get 1\r\n"
		    "PREFIX a hit 1 get 1 set 0 del 0\r\n"
		    "PREFIX a get 1 hit 1 set 0 del x\r\n"
		    "STAT what 1\r\n" END,
		    "", 6, false },
		{ "escaped", COLLECTOR_DETAIL,
		    "PREFIX a\"\\\x1b get 1 hit 1 set 0 del 0\r\n" END,
		    "memcached_prefix_commands_total{command=\"get\","
		    "prefix=\"a\\\"\\\\\xef\xbf\xbd\",status=\"hit\"} 1\n",
		    0, false },

		{ "keys of the proxy", COLLECTOR_PROXY,
		    "STAT user_a 1\r\nSTAT user_a 2\r\nSTAT user_ 3\r\n"
		    "STAT new_key 4\r\nSTAT vm_memory_kb 2\r\n"
		    "STAT user_b 9223372036854775808\r\n"
		    "STAT user_c 9223372036854775807\r\n" END,
		    "memcached_proxy_vm_memory_bytes 2048\n"
		    "memcached_proxy_user_stat{name=\"a\"} 1\n"
		    "memcached_proxy_user_stat{name=\"c\"} "
		    "9223372036854775807\n",
		    2, false },
		{ "other keys", COLLECTOR_PROXYBE,
		    "STAT good_a 1\r\nSTAT bad_a -1\r\n" END, "", 1, false },
	};
	struct plans *plans = plans_new(100);
	struct keys *keys = keys_new();

	for (EACH(row, rows)) {
		struct reader *r =
		    read_answer(keys, plans, row->id, span_of(row->answer));
		struct buf out;

		buf_init(&out, 1 << 20);
		render_samples(&out, r);
		check_text(row->name, span_of_buf(&out), row->samples);
		check_number(
		    row->name, reply_ignored(reader_reply(r)), row->ignored);
		check_number(row->name,
		    reply_has_failed(reader_reply(r), row->id), row->failed);
		buf_release(&out);
		reader_free(r);
	}
	keys_free(keys);
	plans_free(plans);
}

static size_t
count(struct span text, const char *what)
{
	size_t n = 0, len = strlen(what);

	for (size_t i = 0; i + len <= text.len; i++)
		n += memcmp(text.p + i, what, len) == 0;
	return n;
}

/* As many kinds of connections, or names, as there is room for, and more. */
TEST(bounds)
{
	static const struct {
		enum collector_id id;
		const char *line; /* of a number */
		unsigned lines;
		bool failed;
		const char *counted;
		size_t count;
	} rows[] = {
		{ COLLECTOR_CONNS, "STAT %u:state conn_s%u\r\n", 63, false,
		    "_by_state{", 63 },
		{ COLLECTOR_CONNS, "STAT %u:state conn_s%u\r\n", 1000, false,
		    "_by_state{", 64 },
		{ COLLECTOR_CONNS, "STAT %u:state conn_s%u\r\n", 1000, false,
		    "{state=\"other\",transport=\"other\"} 937\n", 1 },
		{ COLLECTOR_PROXYBE, "STAT bad_%u 1%u\r\n", 1024, false,
		    "_bad{", 1024 },
		{ COLLECTOR_PROXYBE, "STAT bad_%u 1%u\r\n", 1025, true, "_bad{",
		    0 },
		{ COLLECTOR_DETAIL, "PREFIX p%u get %u hit 0 set 0 del 0\r\n",
		    1000, false, "\"get\",prefix=\"p", 200 },
	};
	struct plans *plans = plans_new(100);
	struct keys *keys = keys_new();

	for (EACH(row, rows)) {
		struct buf answer, out;
		struct reader *r;

		buf_init(&answer, 1 << 20);
		buf_init(&out, 1 << 20);
		for (unsigned i = 1; i <= row->lines; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			buf_printf(&answer, row->line, i, i);
#pragma GCC diagnostic pop
		}
		buf_add_str(&answer, END);
		r = read_answer(keys, plans, row->id, span_of_buf(&answer));
		render_reply(&out, TEXT_PROMETHEUS, reader_reply(r), 0, NULL);
		check_number(row->line,
		    reply_has_failed(reader_reply(r), row->id), row->failed);
		check_number(row->line, count(span_of_buf(&out), row->counted),
		    row->count);
		buf_release(&out);
		buf_release(&answer);
		reader_free(r);
	}
	keys_free(keys);
	plans_free(plans);
}

#define PREFIXES 301
#define HITS "memcached_prefix_commands_total{command=\"get\",prefix=\""

static void
check_busiest(const struct keys *keys, unsigned max, unsigned stride)
{
	struct plans *plans = plans_new(max);
	unsigned rest = PREFIXES - max;
	struct buf answer, out, wanted;
	struct reader *r;
	char row[32];

	buf_init(&answer, 1 << 20);
	buf_init(&wanted, 1 << 20);
	buf_init(&out, 1 << 20);
	for (unsigned i = 1; i < PREFIXES; i++) {
		unsigned n = i * stride % PREFIXES;

		buf_printf(&answer,
		    "PREFIX p%03u get %u hit %u set 0 del 0\r\n", n, n, n);
	}
	buf_add_str(&answer, END);
	for (unsigned n = rest; n < PREFIXES; n++)
		buf_printf(&wanted, HITS "p%03u\",status=\"hit\"} %u\n", n, n);
	buf_printf(
	    &wanted, HITS "\",status=\"hit\"} %u\n", rest * (rest - 1) / 2);
	(void)snprintf(row, sizeof(row), "%u by steps of %u", max, stride);
	r = read_answer(keys, plans, COLLECTOR_DETAIL, span_of_buf(&answer));
	render_samples(&out, r);
	check_bytes(row, span_of_buf(&out), span_of_buf(&wanted));
	buf_release(&answer);
	buf_release(&wanted);
	buf_release(&out);
	reader_free(r);
	plans_free(plans);
}

/* In whatever order they come; all others are added up. */
TEST(busiest_prefixes)
{
	/* prime to PREFIXES, which goes through all */
	static const unsigned strides[] = { 1, 2, 36, 100, 150, 299, 300 };
	static const unsigned rows[] = { 1, 2, 3, 4, 8, 21 };
	struct keys *keys = keys_new();

	for (EACH(max, rows)) {
		for (size_t i = 0; i < nitems(strides); i++)
			check_busiest(keys, *max, strides[i]);
	}
	keys_free(keys);
}

TESTS("answer", T(odd_lines), T(bounds), T(busiest_prefixes))
