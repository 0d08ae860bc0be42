#include "stats/text.h"

#include "support.h"

TEST(label_values)
{
	static const struct {
		const char *name;
		struct span value;
		const char *text;
	} rows[] = {
		{ "plain", SPAN("1.6.45"), "1.6.45" },
		{ "empty", SPAN(""), "" },
		{ "blanks", SPAN("1.4.14 (Ubuntu)"), "1.4.14 (Ubuntu)" },
		{ "quote", SPAN("a\"b"), "a\\\"b" },
		{ "backslash", SPAN("a\\b\\"), "a\\\\b\\\\" },
		{ "backslash n", SPAN("\\n"), "\\\\n" },
		{ "newline", SPAN("a\nb"), "a\\nb" },
		{ "all three", SPAN("\\\"\n"), "\\\\\\\"\\n" },
		{ "braces and commas", SPAN("{a=\x27,\x27}"), "{a=',\x27}" },
		{ "CR and TAB", SPAN("\r\t"), "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "two bytes", SPAN("\xc3\xbc"), "\xc3\xbc" },
		{ "four bytes", SPAN("\xf0\x9f\x90\x98"), "\xf0\x9f\x90\x98" },
		{ "no UTF-8",
		    SPAN("a\xff"
			 "b"),
		    "a\xef\xbf\xbd"
		    "b" },
		{ "each byte", SPAN("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut, then a quote", SPAN("\xc3\""), "\xef\xbf\xbd\\\"" },
		{ "surrogate", SPAN("\xed\xa0\x80"),
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "too long a form", SPAN("\xc0\xaf"),
		    "\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (EACH(r, rows)) {
		struct buf out, wanted;

		buf_init(&out, 1024);
		buf_init(&wanted, 1024);
		text_label(&out, "l", r->value);
		buf_printf(&wanted, "l=\"%s\"", r->text);
		check_bytes(r->name, span_of_buf(&out), span_of_buf(&wanted));
		buf_release(&wanted);
		buf_release(&out);
	}
}

TEST(nul_in_a_label)
{
	struct buf out;

	buf_init(&out, 1024);
	text_label(&out, "l", SPAN("a\0b"));
	check_bytes("NUL", span_of_buf(&out),
	    SPAN("l=\"a\xef\xbf\xbd"
		 "b\""));
	buf_release(&out);
}

TEST(several_labels)
{
	struct buf out;

	buf_init(&out, 1024);
	buf_add_str(&out, "name{");
	text_label(&out, "a", span_of("1"));
	text_label(&out, "b", span_of("{"));
	text_label(&out, "c", span_of(""));
	check_text("labels", span_of_buf(&out), "name{a=\"1\",b=\"{\",c=\"\"");
	buf_release(&out);
}

TEST(family)
{
	struct buf out;

	buf_init(&out, 1024);
	text_family(
	    &out, TEXT_PROMETHEUS, "up", METRIC_GAUGE, "Whether \"it\" is.");
	text_sample_u64(&out, "up", 0);
	text_sample_of(&out, "up", "a", "b", UINT64_MAX);
	check_text("family", span_of_buf(&out),
	    "# HELP up Whether \"it\" is.\n# TYPE up gauge\nup 0\n"
	    "up{a=\"b\"} 18446744073709551615\n");
	text_end(&out, TEXT_PROMETHEUS);
	check_number("no end", out.p[out.len - 2], '5');
	buf_release(&out);
}

TEST(openmetrics)
{
	static const struct {
		const char *name;
		enum metric_type type;
		const char *help;
		const char *text;
	} rows[] = {
		{ "gets_total", METRIC_COUNTER, "Of all.",
		    "# TYPE gets counter\n# HELP gets Of all.\n" },
		{ "cpu_seconds_total", METRIC_COUNTER, "Of all.",
		    "# TYPE cpu_seconds counter\n"
		    "# UNIT cpu_seconds seconds\n"
		    "# HELP cpu_seconds Of all.\n" },
		{ "moves", METRIC_COUNTER, "No total.",
		    "# TYPE moves unknown\n# HELP moves No total.\n" },
		{ "total", METRIC_COUNTER, "x",
		    "# TYPE total unknown\n# HELP total x\n" },
		{ "used_bytes", METRIC_GAUGE, "x",
		    "# TYPE used_bytes gauge\n# UNIT used_bytes bytes\n"
		    "# HELP used_bytes x\n" },
		{ "bytes_used", METRIC_GAUGE, "x",
		    "# TYPE bytes_used gauge\n# HELP bytes_used x\n" },
		{ "kilobytes", METRIC_GAUGE, "x",
		    "# TYPE kilobytes gauge\n# HELP kilobytes x\n" },
		{ "backend_total", METRIC_GAUGE, "x",
		    "# TYPE backend_total gauge\n# HELP backend_total x\n" },
		{ "up", METRIC_GAUGE, "\"a\" and \"b\".",
		    "# TYPE up gauge\n"
		    "# HELP up \\\"a\\\" and \\\"b\\\".\n" },
	};
	struct buf out;

	for (EACH(r, rows)) {
		buf_init(&out, 1024);
		text_family(&out, TEXT_OPENMETRICS, r->name, r->type, r->help);
		check_text(r->name, span_of_buf(&out), r->text);
		buf_release(&out);
	}
	buf_init(&out, 1024);
	text_end(&out, TEXT_OPENMETRICS);
	check_text("end", span_of_buf(&out), "# EOF\n");
	buf_release(&out);
}

TEST(seconds)
{
	static const struct {
		uint64_t us;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "0.000001" },
		{ 100000, "0.100000" },
		{ 999999, "0.999999" },
		{ 1000000, "1" },
		{ 1000001, "1.000001" },
		{ 12000345, "12.000345" },
		{ UINT64_MAX, "18446744073709.551615" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 1024);
		text_seconds(&out, r->us);
		check_text(r->text, span_of_buf(&out), r->text);
		buf_release(&out);
	}
}

TEST(doubles)
{
	static const struct {
		double d;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 0.9, "0.9" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1 - 0x1p-53, "0.9999999999999999" },
		{ 1024.0 / 2776087813685248, "3.688644123402722e-13" },
		{ 1e300, "1e+300" },
		{ -0x1p-1000, "-9.332636185032189e-302" },
	};

	for (EACH(r, rows)) {
		struct buf out;

		buf_init(&out, 100);
		text_double(&out, r->d);
		check_text(r->text, span_of_buf(&out), r->text);
		buf_release(&out);
	}
}

TEST(histograms)
{
	static const double bounds[] = { 0.005, 1, 10, 0x1p30 };
	static const uint64_t counts[] = { 2, 0, 3, 1, 4 };
	static const struct histogram h = { bounds, nitems(bounds), counts,
		12.5 };
	static const char *const texts[] = {
		[TEXT_PROMETHEUS] = "# HELP a_seconds Help.\n"
				    "# TYPE a_seconds histogram\n"
				    "a_seconds_bucket{le=\"0.005\"} 2\n"
				    "a_seconds_bucket{le=\"1\"} 2\n"
				    "a_seconds_bucket{le=\"10\"} 5\n"
				    "a_seconds_bucket{le=\"1073741824\"} 6\n"
				    "a_seconds_bucket{le=\"+Inf\"} 10\n"
				    "a_seconds_sum 12.5\n"
				    "a_seconds_count 10\n",
		[TEXT_OPENMETRICS] = "# TYPE a_seconds histogram\n"
				     "# UNIT a_seconds seconds\n"
				     "# HELP a_seconds Help.\n"
				     "a_seconds_bucket{le=\"0.005\"} 2\n"
				     "a_seconds_bucket{le=\"1.0\"} 2\n"
				     "a_seconds_bucket{le=\"10.0\"} 5\n"
				     "a_seconds_bucket{le=\"1073741824.0\"}"
				     " 6\n"
				     "a_seconds_bucket{le=\"+Inf\"} 10\n"
				     "a_seconds_sum 12.5\n"
				     "a_seconds_count 10\n",
	};
	struct histogram none = { bounds, 0, counts + 1, 0 };

	for (unsigned f = 0; f < TEXT_FORMATS; f++) {
		struct buf out;

		buf_init(&out, 4096);
		text_histogram(
		    &out, (enum text_format)f, "a_seconds", "Help.", &h);
		check_text("histogram", span_of_buf(&out), texts[f]);
		buf_release(&out);
	}
	struct buf out;

	buf_init(&out, 4096);
	text_histogram(&out, TEXT_PROMETHEUS, "a", "Help.", &none);
	check_text("no bounds", span_of_buf(&out),
	    "# HELP a Help.\n# TYPE a histogram\n"
	    "a_bucket{le=\"+Inf\"} 0\na_sum 0\na_count 0\n");
	buf_release(&out);
}

TESTS("text", T(histograms), T(doubles), T(label_values), T(nul_in_a_label),
    T(several_labels), T(family), T(openmetrics), T(seconds))
