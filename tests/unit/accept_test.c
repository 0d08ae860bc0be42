#include "http/accept.h"

#include "support.h"

#define PROM ACCEPT_TEXT
#define OM ACCEPT_OPENMETRICS

#define OPENMETRICS "application/openmetrics-text"
#define PROTO                                                                  \
	"application/vnd.google.protobuf;"                                     \
	"proto=io.prometheus.client.MetricFamily;encoding=delimited"
#define BROWSER                                                                \
	"text/html,application/xhtml+xml,application/xml;q=0.9,"               \
	"image/avif,image/webp,*/*;q=0.8"
#define PROMETHEUS_2_30                                                        \
	OPENMETRICS "; version=0.0.1,text/plain;version=0.0.4;q=0.5,"          \
		    "*/*;q=0.1"
#define PROMETHEUS_2_42                                                        \
	OPENMETRICS ";version=1.0.0," OPENMETRICS ";version=0.0.1;q=0.75,"     \
		    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
/* With one of the schemes of escaping, as the metrics' names are to be. */
#define PROMETHEUS_3(scheme)                                                   \
	OPENMETRICS ";version=1.0.0;escaping=" scheme ";q=0.6," OPENMETRICS    \
		    ";version=0.0.1;q=0.5,"                                    \
		    "text/plain;version=1.0.0;escaping=" scheme ";q=0.4,"      \
		    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

TEST(metrics)
{
	static const struct {
		struct span accept;
		enum accept_type type;
		enum escaping escaping;
	} rows[] = {
		{ SPAN(""), PROM, ESCAPING_NONE },
		{ SPAN("*/*"), PROM, ESCAPING_NONE },
		{ SPAN(BROWSER), PROM, ESCAPING_NONE },
		{ SPAN(PROMETHEUS_2_30), PROM, ESCAPING_NONE },
		{ SPAN(PROMETHEUS_2_42), OM, ESCAPING_NONE },
		{ SPAN(PROMETHEUS_3("allow-utf-8")), OM, ESCAPING_ALLOW_UTF_8 },
		{ SPAN(PROMETHEUS_3("underscores")), OM, ESCAPING_UNDERSCORES },
		{ SPAN(PROMETHEUS_3("dots")), OM, ESCAPING_DOTS },
		{ SPAN(PROMETHEUS_3("values")), OM, ESCAPING_VALUES },
		{ SPAN(PROMETHEUS_3("allow-utf8")), OM, ESCAPING_NONE },
		{ SPAN(PROMETHEUS_3("")), OM, ESCAPING_NONE },
		{ SPAN(PROTO ";q=0.7," PROMETHEUS_3("values")), OM,
		    ESCAPING_VALUES },
		/* scrape_protocols without OpenMetrics, one alone */
		{ SPAN("text/plain;version=0.0.4;q=0.5,*/*;q=0.4"), PROM,
		    ESCAPING_NONE },
		{ SPAN("text/plain;version=1.0.0;escaping=dots;q=0.5,"
		       "*/*;q=0.4"),
		    PROM, ESCAPING_NONE },
		{ SPAN("text/plain;version=0.0.4;escaping=dots"), PROM,
		    ESCAPING_DOTS },
		{ SPAN(PROTO ";q=0.5,*/*;q=0.4"), PROM, ESCAPING_NONE },

		/* nothing that can be had */
		{ SPAN("text/html"), PROM, ESCAPING_NONE },
		{ SPAN("*/*;q=0"), PROM, ESCAPING_NONE },
		{ SPAN("text/plain;q=0;escaping=dots"), PROM, ESCAPING_NONE },
		{ SPAN(PROTO), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=0.0.1"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=2.0.0"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version="), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";charset=latin1"), PROM, ESCAPING_NONE },

		/* weights */
		{ SPAN(OPENMETRICS), OM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0.001"), OM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ",text/plain"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0.5,text/plain;q=0.500"), PROM,
		    ESCAPING_NONE },
		{ SPAN("text/plain;q=0.9," OPENMETRICS), OM, ESCAPING_NONE },
		{ SPAN("text/plain;q=0.5," OPENMETRICS ";q=0.501"), OM,
		    ESCAPING_NONE },
		{ SPAN("text/plain," OPENMETRICS ";q=1.000"), PROM,
		    ESCAPING_NONE },
		{ SPAN("text/plain;q=0," OPENMETRICS ";q=0."), PROM,
		    ESCAPING_NONE },
		{ SPAN("text/plain;q=0.2," OPENMETRICS ";q=0.1,"
		       "" OPENMETRICS ";q=0.3;escaping=dots," OPENMETRICS
		       ";q=0.3"),
		    OM, ESCAPING_DOTS },

		/* wildcards: the closest range counts */
		{ SPAN("application/*"), OM, ESCAPING_NONE },
		{ SPAN("text/*,application/*"), PROM, ESCAPING_NONE },
		{ SPAN("text/*;q=0.1,*/*"), OM, ESCAPING_NONE },
		{ SPAN("*/*,application/*;q=0.5," OPENMETRICS ";q=0.1,"
		       "text/*;q=0.2"),
		    PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=1.0.0;q=0.1," OPENMETRICS
				   ",text/plain;q=0.5"),
		    PROM, ESCAPING_NONE },
		{ SPAN("*/*;escaping=dots"), PROM, ESCAPING_DOTS },
		{ SPAN("*/plain," OPENMETRICS ";q=0.1"), OM, ESCAPING_NONE },
		{ SPAN("*"), PROM, ESCAPING_NONE },

		/* spelling */
		{ SPAN("Application/OpenMetrics-Text;VERSION=1.0.0;Q=1"), OM,
		    ESCAPING_NONE },
		{ SPAN(" \t" OPENMETRICS " ; version=1.0.0\t;\tescaping=DOTS "),
		    OM, ESCAPING_DOTS },
		{ SPAN(OPENMETRICS ";charset=\"utf-8\";version=\"1.\\0.0\""),
		    OM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS "; version=1.0.0; charset=UTF-8"), OM,
		    ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0.5;version=1.0.0"), OM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";;v=b3;flag;"), OM, ESCAPING_NONE },
		{ SPAN(",, " OPENMETRICS " ,,"), OM, ESCAPING_NONE },
		{ SPAN("x/y;z=\"a,text/plain;\\\",b\"," OPENMETRICS ";q=0.1"),
		    OM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=\"1.0.0"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=\"1.0.0\\\""), PROM,
		    ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=\""), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";version=1.0.0\0"), PROM, ESCAPING_NONE },
		{ SPAN("x;y=\"\\"), PROM, ESCAPING_NONE },

		/* no weight: such an element is as good as absent */
		{ SPAN(OPENMETRICS ";q="), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=1.001"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=2"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=-1"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=.5"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=05"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0.1234"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=0.1.2"), PROM, ESCAPING_NONE },
		{ SPAN(OPENMETRICS ";q=1e0"), PROM, ESCAPING_NONE },
	};

	for (EACH(r, rows)) {
		struct accepted a = accept_metrics(r->accept);

		check_number(r->accept.p, a.type, r->type);
		check_number(r->accept.p, a.escaping, r->escaping);
	}
}

TEST(content_type)
{
	static const struct {
		struct accepted accepted;
		const char *type;
	} rows[] = {
		{ { PROM, ESCAPING_NONE },
		    "text/plain; version=0.0.4; charset=utf-8" },
		{ { PROM, ESCAPING_UNDERSCORES },
		    "text/plain; version=0.0.4; charset=utf-8; "
		    "escaping=underscores" },
		{ { OM, ESCAPING_NONE },
		    OPENMETRICS "; version=1.0.0; charset=utf-8" },
		{ { OM, ESCAPING_ALLOW_UTF_8 },
		    OPENMETRICS "; version=1.0.0; charset=utf-8; "
				"escaping=allow-utf-8" },
	};

	for (EACH(r, rows)) {
		char type[ACCEPT_TYPE_MAX];

		accept_content_type(&r->accepted, type);
		check_text(r->type, span_of(type), r->type);
	}
}

TEST(gzip)
{
	static const struct {
		struct span accept;
		bool gzip;
	} rows[] = {
		{ SPAN(""), false },
		{ SPAN("gzip"), true }, /* Prometheus */
		{ SPAN("identity"), false },
		{ SPAN("gzip, deflate, br, zstd"), true },
		{ SPAN("deflate, br"), false },
		{ SPAN("x-gzip"), true },
		{ SPAN("GZip"), true },
		{ SPAN("gzip2"), false },
		{ SPAN("gzi"), false },
		{ SPAN("*"), true },
		{ SPAN("*;q=0"), false },
		{ SPAN("gzip;q=0"), false },
		{ SPAN("gzip;q=0.000"), false },
		{ SPAN("gzip;q=0,*"), false },
		{ SPAN("gzip ; Q=0"), false },
		{ SPAN("gzip;q=0.001"), true },
		{ SPAN("*;q=0,gzip"), true },
		{ SPAN("gzip;q=0.5,*;q=0.9"), true },
		{ SPAN("identity,gzip"), true },
		{ SPAN("identity,gzip;q=0.9"), false },
		{ SPAN("identity;q=0.5,gzip;q=0.5"), true },
		{ SPAN("identity;q=0.5,*;q=0.4"), false },
		{ SPAN("identity;q=0"), false },
		{ SPAN("gzip;q=0,x-gzip;q=0.3"), true },
		{ SPAN("gzip;q=x"), false },
		{ SPAN("\tgzip\t,"), true },
		{ SPAN("x;y=\"gzip,gzip\""), false },
	};

	for (EACH(r, rows))
		check_number(r->accept.p, accept_gzip(r->accept), r->gzip);
}

TESTS("accept", T(metrics), T(content_type), T(gzip))
