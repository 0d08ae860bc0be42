#include "stats/render.h"

#include "stats/plan.h"
#include "stats/reader.h"
#include "support.h"

/* Those whose answers the macros below give. */
#define ALL ((1U << (COLLECTOR_SCRUB + 1)) - 1)

#define END "END\r\n"
#define ANSWERS(stats, settings, slabs, items, scrub)                          \
	"STAT pid 1\n" stats END settings END slabs END items END scrub END
#define STATS(lines) ANSWERS(lines, "", "", "", "")
#define SETTINGS(lines) ANSWERS("", lines, "", "", "")
#define SLABS(lines) ANSWERS("", "", lines, "", "")
#define ITEMS(lines) ANSWERS("", "", "", lines, "")
#define SCRUB(lines) ANSWERS("", "", "", "", lines)

/* Renders what a server answers; returns how many lines were ignored. */
static unsigned
render_as(
    struct buf *out, enum text_format format, struct span answers, unsigned set)
{
	struct keys *keys = keys_new();
	struct plans *plans = plans_new(100);
	struct reader *r = reader_new(keys, plans_get(plans, ALL, ALL), false);
	struct error e;
	unsigned ignored;

	check_number("reader", reader_feed(r, &answers, &e), READER_DONE);
	render_reply(out, format, reader_reply(r), set, NULL);
	ignored = (unsigned)reply_ignored(reader_reply(r));
	reader_free(r);
	plans_free(plans);
	keys_free(keys);
	return ignored;
}

static unsigned
render(struct buf *out, struct span answers, unsigned set)
{
	return render_as(out, TEXT_PROMETHEUS, answers, set);
}

/* Only the samples: no HELP, no TYPE. */
static void
keep_samples(struct buf *text)
{
	struct buf kept;
	struct span left = span_of_buf(text);

	buf_init(&kept, text->max);
	while (left.len > 0) {
		const char *lf = memchr(left.p, '\n', left.len);
		struct span line = { left.p, (size_t)(lf + 1 - left.p) };

		if (line.p[0] != '#')
			buf_add_span(&kept, line);
		left.p += line.len;
		left.len -= line.len;
	}
	buf_release(text);
	*text = kept;
}

static const struct {
	const char *name;
	struct span answers;
	struct span samples;
	unsigned ignored;
} rows[] = {
	{ "nothing", SPAN(STATS("")), SPAN(""), 0 },
	{ "unknown keys", SPAN(STATS("STAT pid 1\nSTAT new_key 2\n")), SPAN(""),
	    0 },
	{ "zeros in front", SPAN(STATS("STAT total_items 0099\n")),
	    SPAN("memcached_items_total 99\n"), 0 },
	{ "negative", SPAN(STATS("STAT total_items -1\nSTAT threads -1\n")),
	    SPAN(""), 2 },
	{ "gauges that have wrapped",
	    SPAN(STATS("STAT bytes 18446744073709550000\n"
		       "STAT curr_items 9223372036854775808\n"
		       "STAT limit_maxbytes 9223372036854775807\n")),
	    SPAN("memcached_limit_bytes 9223372036854775807\n"), 2 },
	{ "decimals of gauges",
	    SPAN(STATS("STAT time 1716200000.25\nSTAT bytes 1.23457e+06\n"
		       "STAT total_items 1.5\n")),
	    SPAN("memcached_time_seconds 1716200000.25\n"
		 "memcached_current_bytes 1.23457e+06\n"),
	    1 },
	{ "ages above the uptime",
	    SPAN(ANSWERS("STAT uptime 100\n"
			 "STAT time_since_server_cert_refresh 1864631599\n",
		"", "",
		"STAT items:1:age 101\nSTAT items:1:age_hot 100\n"
		"STAT items:2:evicted_time 4294967295\n",
		"")),
	    SPAN("memcached_uptime_seconds 100\n"
		 "memcached_slab_hot_age_seconds{slab=\"1\"} 100\n"),
	    3 },
	{ "sets of an engine",
	    SPAN(ANSWERS("STAT cmd_set 15\nSTAT cas_badval 3\n"
			 "STAT engine_maxbytes 1\n",
		"", "STAT 1:cmd_set 9\nSTAT 1:cas_hits 4\n", "", "")),
	    SPAN("memcached_commands_total{command=\"set\",status=\"hit\"} 15\n"
		 "memcached_commands_total{command=\"cas\",status=\"badval\"}"
		 " 3\n"
		 "memcached_command_requests_total{command=\"set\"} 15\n"
		 "memcached_limit_bytes 1\nmemcached_engine_limit_bytes 1\n"
		 "memcached_slab_commands_total{command=\"set\",slab=\"1\","
		 "status=\"hit\"} 9\n"
		 "memcached_slab_commands_total{command=\"cas\",slab=\"1\","
		 "status=\"hit\"} 4\n"),
	    0 },
	{ "mcrouter",
	    SPAN(STATS("STAT uptime 5\nSTAT cmd_get 127.05\nSTAT cmd_set 12\n"
		       "STAT cmd_touch 3\nSTAT cmd_get_count 16151412\n")),
	    SPAN("memcached_uptime_seconds 5\n"), 0 },
	{ "Pelikan", SPAN(STATS("STAT uptime 86401234\nSTAT ru_utime 3.6\n")),
	    SPAN("memcached_uptime_seconds 86401.234000\n"), 0 },
	{ "largest number",
	    SPAN(STATS("STAT bytes_read 18446744073709551615\n")),
	    SPAN("memcached_read_bytes_total 18446744073709551615\n"), 0 },
	{ "not a number", SPAN(STATS("STAT threads four\nSTAT uptime 1\n")),
	    SPAN("memcached_uptime_seconds 1\n"), 1 },
	{ "out of range", SPAN(STATS("STAT uptime 18446744073709551616\n")),
	    SPAN(""), 1 },
	{ "empty value", SPAN(STATS("STAT uptime \nSTAT threads\n")), SPAN(""),
	    2 },
	{ "not set", SPAN(STATS("STAT uptime NULL\nSTAT threads (null)\n")),
	    SPAN(""), 0 },
	{ "repeated", SPAN(STATS("STAT uptime 1\nSTAT uptime x\n")),
	    SPAN("memcached_uptime_seconds 1\n"), 0 },
	{ "two families of one key",
	    SPAN(STATS("STAT cmd_set 15\nSTAT cas_hits 1\nSTAT cas_misses 2\n"
		       "STAT cas_badval 3\n")),
	    SPAN("memcached_commands_total{command=\"set\",status=\"hit\"} 9\n"
		 "memcached_commands_total{command=\"cas\",status=\"hit\"} 1\n"
		 "memcached_commands_total{command=\"cas\",status=\"miss\"} 2\n"
		 "memcached_commands_total{command=\"cas\",status=\"badval\"}"
		 " 3\n"
		 "memcached_command_requests_total{command=\"set\"} 15\n"),
	    0 },
	{ "two families, one bad value",
	    SPAN(STATS("STAT cmd_set x\nSTAT get_hits 1\n")),
	    SPAN("memcached_commands_total{command=\"get\",status=\"hit\"}"
		 " 1\n"),
	    1 },
	{ "a bad part drops itself alone",
	    SPAN(STATS("STAT cmd_set 5\nSTAT cas_hits x\n")),
	    SPAN("memcached_commands_total{command=\"set\",status=\"hit\"} 5\n"
		 "memcached_command_requests_total{command=\"set\"} 5\n"),
	    1 },
	{ "cmd_set of an old server", SPAN(STATS("STAT cmd_set 5\n")),
	    SPAN("memcached_commands_total{command=\"set\",status=\"hit\"} 5\n"
		 "memcached_command_requests_total{command=\"set\"} 5\n"),
	    0 },
	{ "seconds",
	    SPAN(STATS("STAT rusage_user 3:4\nSTAT rusage_system 1.5\n"
		       "STAT time_in_listen_disabled_us 1500000\n")),
	    SPAN("memcached_process_user_cpu_seconds_total 3.000004\n"
		 "memcached_process_system_cpu_seconds_total 1.5\n"
		 "memcached_connections_listener_disabled_seconds_total"
		 " 1.500000\n"),
	    0 },
	{ "signed", SPAN(STATS("STAT proxy_req_active -1\n")),
	    SPAN("memcached_proxy_req_active -1\n"), 0 },
	{ "no connection", SPAN(STATS("STAT curr_connections 4294967295\n")),
	    SPAN("memcached_current_connections 0\n"), 0 },

	{ "max_connections wins",
	    SPAN(ANSWERS(
		"STAT max_connections 7\n", "STAT maxconns 8\n", "", "", "")),
	    SPAN("memcached_max_connections 7\n"), 0 },
	{ "maxconns instead", SPAN(SETTINGS("STAT maxconns 8\n")),
	    SPAN("memcached_max_connections 8\n"), 0 },
	{ "instead of a bad value",
	    SPAN(ANSWERS(
		"STAT max_connections x\n", "STAT maxconns 8\n", "", "", "")),
	    SPAN("memcached_max_connections 8\n"), 1 },
	{ "the plugin's spelling", SPAN(STATS("STAT rejected_conns 3\n")),
	    SPAN("memcached_connections_rejected_total 3\n"), 0 },
	{ "engine_maxbytes has a family too",
	    SPAN(STATS("STAT engine_maxbytes 64\n")),
	    SPAN("memcached_limit_bytes 64\nmemcached_engine_limit_bytes 64\n"),
	    0 },
	{ "both limits",
	    SPAN(STATS("STAT limit_maxbytes 1\nSTAT engine_maxbytes 2\n")),
	    SPAN("memcached_limit_bytes 1\nmemcached_engine_limit_bytes 2\n"),
	    0 },
	{ "mem_requested of both",
	    SPAN(ANSWERS("", "",
		"STAT 1:mem_requested 10\nSTAT 2:mem_requested 20\n",
		"STAT items:1:mem_requested 11\n", "")),
	    SPAN("memcached_slab_mem_requested_bytes{slab=\"1\"} 11\n"
		 "memcached_slab_mem_requested_bytes{slab=\"2\"} 20\n"),
	    0 },

	{ "version", SPAN(STATS("STAT version 1.4.14 (Ubuntu)\n")),
	    SPAN("memcached_version{version=\"1.4.14 (Ubuntu)\"} 1\n"
		 "memcached_server_info{version=\"1.4.14 (Ubuntu)\"} 1\n"),
	    0 },
	{ "info without its first key",
	    SPAN(STATS("STAT libevent 2.1\nSTAT pointer_size 64\n")),
	    SPAN("memcached_server_info{libevent=\"2.1\",pointer_size=\"64\"}"
		 " 1\n"),
	    0 },
	{ "escaped label", SPAN(STATS("STAT version a\\b\"c\xff\n")),
	    SPAN("memcached_version{version=\"a\\\\b\\\"c\xef\xbf\xbd\"} 1\n"
		 "memcached_server_info{version=\"a\\\\b\\\"c\xef\xbf\xbd\"}"
		 " 1\n"),
	    0 },
	{ "control characters in a label",
	    SPAN(STATS("STAT version 1\x1b[31m\a\x7f\xc2\x9b\n")),
	    SPAN("memcached_version{version=\"1\xef\xbf\xbd[31m\xef\xbf\xbd"
		 "\xef\xbf\xbd\xef\xbf\xbd\"} 1\n"
		 "memcached_server_info{version=\"1\xef\xbf\xbd[31m"
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"} 1\n"),
	    0 },
	{ "labels not set",
	    SPAN(STATS("STAT version \nSTAT libevent NULL\n"
		       "STAT pointer_size (null)\n")),
	    SPAN(""), 0 },
	{ "words of settings",
	    SPAN(SETTINGS("STAT logger standard error\nSTAT extension a\n"
			  "STAT extension b\nSTAT ssl_min_version NULL\n")),
	    SPAN("memcached_settings_info{extension=\"a\","
		 "logger=\"standard error\"} 1\n"),
	    0 },
	{ "switches of settings",
	    SPAN(SETTINGS("STAT evictions off\nSTAT cas_enabled yes\n"
			  "STAT lru_crawler no\nSTAT temp_lru maybe\n")),
	    SPAN("memcached_settings_evictions_enabled 0\n"
		 "memcached_settings_cas_enabled 1\n"
		 "memcached_lru_crawler_enabled 0\n"),
	    1 },
	{ "no paths",
	    SPAN(SETTINGS("STAT domain_socket /run/x\nSTAT umask 700\n"
			  "STAT ssl_key /etc/k\nSTAT memory_file /m\n"
			  "STAT inter 10.0.0.1\nSTAT stat_key_prefix :\n")),
	    SPAN(""), 0 },
	{ "scrubber",
	    SPAN(SCRUB("STAT scrubber:status stopped\n"
		       "STAT scrubber:last_run 18446744073709551614\n")),
	    SPAN("memcached_scrubber_running 0\n"
		 "memcached_scrubber_last_run_seconds 2\n"),
	    0 },

	{ "slabs in order",
	    SPAN(SLABS("STAT 10:chunk_size 3\nSTAT 9:chunk_size 2\n"
		       "STAT 1:chunk_size 1\nSTAT 10:total_pages 1\n"
		       "STAT active_slabs 3\n")),
	    SPAN("memcached_active_slabs 3\n"
		 "memcached_slab_chunk_size_bytes{slab=\"1\"} 1\n"
		 "memcached_slab_chunk_size_bytes{slab=\"9\"} 2\n"
		 "memcached_slab_chunk_size_bytes{slab=\"10\"} 3\n"
		 "memcached_slab_current_pages{slab=\"10\"} 1\n"),
	    0 },
	{ "labels around the slab",
	    SPAN(ITEMS("STAT items:65535:hits_to_temp 4\n"
		       "STAT items:65535:hits_to_hot 1\n")),
	    SPAN("memcached_slab_lru_hits_total{lru=\"hot\",slab=\"65535\"}"
		 " 1\n"
		 "memcached_slab_lru_hits_total{lru=\"temporary\","
		 "slab=\"65535\"} 4\n"),
	    0 },
	{ "sets of a class",
	    SPAN(SLABS("STAT 1:cmd_set 10\nSTAT 1:cas_hits 1\n"
		       "STAT 1:cas_badval 2\nSTAT 2:cmd_set 10\n")),
	    SPAN("memcached_slab_commands_total{command=\"set\",slab=\"1\","
		 "status=\"hit\"} 7\n"
		 "memcached_slab_commands_total{command=\"cas\",slab=\"1\","
		 "status=\"hit\"} 1\n"
		 "memcached_slab_commands_total{command=\"cas\",slab=\"1\","
		 "status=\"badval\"} 2\n"
		 "memcached_slab_commands_total{command=\"set\",slab=\"2\","
		 "status=\"hit\"} 10\n"),
	    0 },
	{ "a bad value of one class",
	    SPAN(SLABS("STAT 1:used_chunks x\nSTAT 2:used_chunks 2\n"
		       "STAT 3:used_chunks -1\n")),
	    SPAN("memcached_slab_chunks_used{slab=\"2\"} 2\n"), 2 },
	{ "bad class numbers",
	    SPAN(SLABS("STAT 65536:chunk_size 1\nSTAT -1:chunk_size 1\n")),
	    SPAN(""), 2 },
};

TEST(samples)
{
	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 1 << 20);
		check_number(
		    r->name, render(&out, r->answers, ALL), r->ignored);
		keep_samples(&out);
		check_bytes(r->name, span_of_buf(&out), r->samples);
		buf_release(&out);
	}
}

/* HELP and TYPE once, in front of a family that has samples. */
TEST(heads)
{
	static const char answers[] =
	    ANSWERS("STAT uptime 1\nSTAT threads x\nSTAT conn_yields 2\n", "",
		"STAT 1:chunk_size x\nSTAT 2:chunk_size 120\n"
		"STAT 3:chunk_size 152\n",
		"", "");
	struct buf out;

	buf_init(&out, 1 << 20);
	check_number("heads", render(&out, SPAN(answers), ALL), 2);
	check_text("heads", span_of_buf(&out),
	    "# HELP memcached_uptime_seconds Seconds since the server started"
	    " (uptime).\n"
	    "# TYPE memcached_uptime_seconds gauge\n"
	    "memcached_uptime_seconds 1\n"
	    "# HELP memcached_connections_yielded_total Times that a busy"
	    " connection had to let others go first (conn_yields).\n"
	    "# TYPE memcached_connections_yielded_total counter\n"
	    "memcached_connections_yielded_total 2\n"
	    "# HELP memcached_slab_chunk_size_bytes Size of a chunk, in bytes"
	    " (chunk_size).\n"
	    "# TYPE memcached_slab_chunk_size_bytes gauge\n"
	    "memcached_slab_chunk_size_bytes{slab=\"2\"} 120\n"
	    "memcached_slab_chunk_size_bytes{slab=\"3\"} 152\n");
	buf_release(&out);
}

/* The same with the heads of OpenMetrics; the samples are the same. */
TEST(openmetrics)
{
	static const char answers[] = ANSWERS("STAT uptime 1\nSTAT threads x\n"
					      "STAT conn_yields 2\n",
	    "", "", "STAT items:2:moves_to_cold 3\n", "");
	struct buf out, plain;

	buf_init(&out, 1 << 20);
	buf_init(&plain, 1 << 20);
	check_number("openmetrics",
	    render_as(&out, TEXT_OPENMETRICS, SPAN(answers), ALL), 1);
	check_text("openmetrics", span_of_buf(&out),
	    "# TYPE memcached_uptime_seconds gauge\n"
	    "# UNIT memcached_uptime_seconds seconds\n"
	    "# HELP memcached_uptime_seconds Seconds since the server started"
	    " (uptime).\n"
	    "memcached_uptime_seconds 1\n"
	    "# TYPE memcached_connections_yielded counter\n"
	    "# HELP memcached_connections_yielded Times that a busy connection"
	    " had to let others go first (conn_yields).\n"
	    "memcached_connections_yielded_total 2\n"
	    "# TYPE memcached_slab_items_moves_to_cold unknown\n"
	    "# HELP memcached_slab_items_moves_to_cold Items moved from the HOT"
	    " or WARM to the COLD LRU (moves_to_cold).\n"
	    "memcached_slab_items_moves_to_cold{slab=\"2\"} 3\n");
	(void)render(&plain, SPAN(answers), ALL);
	keep_samples(&plain);
	keep_samples(&out);
	check_bytes("samples", span_of_buf(&out), span_of_buf(&plain));
	buf_release(&plain);
	buf_release(&out);
}

/* Series of classes come from the collectors that are on; totals always. */
TEST(classes)
{
	static const char answers[] = ANSWERS("STAT uptime 1\n", "",
	    "STAT 1:chunk_size 96\nSTAT 1:used_chunks x\n"
	    "STAT 1:mem_requested 7\n"
	    "STAT total_malloced 5\nSTAT active_slabs 1\n",
	    "STAT items:1:number 2\n", "");
#define TOTALS                                                                 \
	"memcached_uptime_seconds 1\nmemcached_active_slabs 1\n"               \
	"memcached_malloced_bytes 5\n"
#define NUMBER "memcached_slab_current_items{slab=\"1\"} 2\n"
#define REQUESTED "memcached_slab_mem_requested_bytes{slab=\"1\"} 7\n"
#define CHUNK "memcached_slab_chunk_size_bytes{slab=\"1\"} 96\n"
	static const struct {
		const char *name;
		unsigned set, ignored;
		const char *samples;
	} cases[] = {
		{ "none", 0, 0, TOTALS },
		{ "slabs", COLLECTOR_BIT(COLLECTOR_SLABS), 1,
		    TOTALS REQUESTED CHUNK },
		{ "items", COLLECTOR_BIT(COLLECTOR_ITEMS), 0, TOTALS NUMBER },
		{ "both", ALL, 1, TOTALS NUMBER REQUESTED CHUNK },
	};

	for (EACH(c, cases)) {
		struct buf out;

		buf_init(&out, 1 << 20);
		check_number(
		    c->name, render(&out, SPAN(answers), c->set), c->ignored);
		keep_samples(&out);
		check_text(c->name, span_of_buf(&out), c->samples);
		buf_release(&out);
	}
}

/* It is appended, and a second time it is the same and counts no more. */
TEST(twice)
{
	static const char answers[] = STATS("STAT uptime 1\nSTAT threads x\n");
	struct span data = SPAN(answers);
	struct keys *keys = keys_new();
	struct plans *plans = plans_new(100);
	struct reader *r = reader_new(keys, plans_get(plans, ALL, ALL), false);
	struct error e;
	struct buf out;

	buf_init(&out, 1 << 20);
	(void)reader_feed(r, &data, &e);
	buf_add_str(&out, "memcached_up 1\n");
	render_reply(&out, TEXT_PROMETHEUS, reader_reply(r), ALL, NULL);
	render_reply(&out, TEXT_PROMETHEUS, reader_reply(r), ALL, NULL);
	check_number("twice", reply_ignored(reader_reply(r)), 1);
	keep_samples(&out);
	check_text("twice", span_of_buf(&out),
	    "memcached_up 1\nmemcached_uptime_seconds 1\n"
	    "memcached_uptime_seconds 1\n");
	buf_release(&out);
	reader_free(r);
	plans_free(plans);
	keys_free(keys);
}

TESTS("render", T(samples), T(heads), T(openmetrics), T(classes), T(twice))
