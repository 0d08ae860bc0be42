/* The functions of stats/value.c. */
#include "stats/catalogue.h"
#include "stats/dialect.h"
#include "stats/reply.h"

#include <stdio.h>

#include "support.h"

#define ZEROS "0000000000000000000000000000000000000000"
#define DECIMALS "1234567890123456789012345678901234567890"

static const struct dialect stock = { .uptime = UINT64_MAX };

/* What a value comes out as; NULL when it is not of the form. */
TEST(forms)
{
	static const struct {
		value_fn *value;
		const char *input;
		const char *output;
	} rows[] = {
		{ value_counter, "0", "0" },
		{ value_counter, "007", "7" },
		{ value_counter, "000", "0" },
		{ value_counter, ZEROS "12", "12" },
		{ value_counter, ZEROS, "0" },
		{ value_counter, "18446744073709551615",
		    "18446744073709551615" },
		{ value_counter, "18446744073709551616", NULL },
		{ value_counter, "", NULL },
		{ value_counter, "-1", NULL },
		{ value_counter, "+1", NULL },
		{ value_counter, "1.0", NULL },
		{ value_counter, "1e3", NULL },
		{ value_counter, "0x1", NULL },
		{ value_counter, "nan", NULL },
		{ value_counter, "inf", NULL },
		{ value_counter, "1 2", NULL },
		{ value_counter, " 1", NULL },
		{ value_counter, "yes", NULL },

		{ value_gauge, "0", "0" },
		{ value_gauge, "007", "7" },
		{ value_gauge, ZEROS "12", "12" },
		{ value_gauge, ZEROS ".5", "0.5" },
		{ value_gauge, "999999999999999999", "999999999999999999" },
		{ value_gauge, "9223372036854775807", "9223372036854775807" },
		{ value_gauge, "9223372036854775808", NULL },
		{ value_gauge, "18446744073709551615", NULL },
		{ value_gauge, "18446744073709551616", NULL },
		{ value_gauge, "9223372036854775808.0", NULL },
		{ value_gauge, "9.3e18", NULL },
		{ value_gauge, "9.2e18", "9.2e18" },
		{ value_gauge, "12.5", "12.5" },
		{ value_gauge, "0.000000000000000000001",
		    "0.000000000000000000001" },
		{ value_gauge, "0.18446744073709551616",
		    "0.18446744073709551616" },
		{ value_gauge, "1." DECIMALS DECIMALS, "1." DECIMALS },
		{ value_gauge, "1.23457e+06", "1.23457e+06" },
		{ value_gauge, "1e-06", "1e-06" },
		{ value_gauge, "1E3", "1E3" },
		{ value_gauge, "1e003", "1e003" },
		{ value_gauge, "1e0003", NULL },
		{ value_gauge, "1e400", NULL },
		{ value_gauge, "1e-400", "1e-400" },
		{ value_gauge, "1e4000", NULL },
		{ value_gauge, "1e", NULL },
		{ value_gauge, "1e+", NULL },
		{ value_gauge, "1e3.5", NULL },
		{ value_gauge, "1e3e3", NULL },
		{ value_gauge, "e3", NULL },
		{ value_gauge, "-1", NULL },
		{ value_gauge, "-0.5", NULL },
		{ value_gauge, "-1e3", NULL },
		{ value_gauge, "+1", NULL },
		{ value_gauge, "1.", NULL },
		{ value_gauge, ".5", NULL },
		{ value_gauge, ".", NULL },
		{ value_gauge, "1.2.3", NULL },
		{ value_gauge, "1.-2", NULL },
		{ value_gauge, "1,5", NULL },
		{ value_gauge, "nan", NULL },
		{ value_gauge, "inf", NULL },
		{ value_gauge, "infinity", NULL },
		{ value_gauge, "0x10", NULL },
		{ value_gauge, "0x1p3", NULL },
		{ value_gauge, "1 ", NULL },
		{ value_gauge, "", NULL },

		{ value_count, "0", "0" },
		{ value_count, "007", "7" },
		{ value_count, ZEROS "12", "12" },
		{ value_count, "9223372036854775807", "9223372036854775807" },
		{ value_count, "9223372036854775808", NULL },
		{ value_count, "18446744073709551616", NULL },
		{ value_count, "5.0", NULL },
		{ value_count, "1e3", NULL },
		{ value_count, "-1", NULL },
		{ value_count, "", NULL },

		{ value_signed, "0", "0" },
		{ value_signed, "-1", "-1" },
		{ value_signed, "-007", "-7" },
		{ value_signed, "-" ZEROS "7", "-7" },
		{ value_signed, "9223372036854775807", "9223372036854775807" },
		{ value_signed, "-9223372036854775807",
		    "-9223372036854775807" },
		{ value_signed, "18446744073709551614", NULL },
		{ value_signed, "-18446744073709551616", NULL },
		{ value_signed, "1.25", "1.25" },
		{ value_signed, "-0.5", "-0.5" },
		{ value_signed, "-1e300", NULL },
		{ value_signed, "--1", NULL },
		{ value_signed, "-", NULL },
		{ value_signed, "- 1", NULL },
		{ value_signed, "1-", NULL },
		{ value_signed, "-.5", NULL },
		{ value_signed, "-inf", NULL },
		{ value_signed, "", NULL },

		{ value_cpu, "0.065318", "0.065318" },
		{ value_cpu, "12", "12" },
		{ value_cpu, "12.5", "12.5" },
		{ value_cpu, "1.23457e+06", "1.23457e+06" },
		{ value_cpu, "1e-06", "1e-06" },
		{ value_cpu, "-1.5", NULL },
		{ value_cpu, "-1:5", NULL },
		{ value_cpu, "18446744073709551616.5", NULL },
		{ value_cpu, "3:4", "3.000004" },
		{ value_cpu, "3:040000", "3.040000" },
		{ value_cpu, "0:0", "0" },
		{ value_cpu, "7:999999", "7.999999" },
		{ value_cpu, "7:1000000", NULL },
		{ value_cpu, "18446744073708:999999", "18446744073708.999999" },
		{ value_cpu, "18446744073709:999999", NULL },
		{ value_cpu, "18446744073709551615:0", NULL },
		{ value_cpu, ":1", NULL },
		{ value_cpu, "1:", NULL },
		{ value_cpu, "1:2:3", NULL },
		{ value_cpu, "1:-2", NULL },
		{ value_cpu, "1:2.5", NULL },
		{ value_cpu, "", NULL },

		{ value_micro, "0", "0" },
		{ value_micro, "1", "0.000001" },
		{ value_micro, "2500000", "2.500000" },
		{ value_micro, "18446744073709551615",
		    "18446744073709.551615" },
		{ value_micro, "1.5", NULL },
		{ value_micro, "-1", NULL },

		{ value_switch, "yes", "1" },
		{ value_switch, "no", "0" },
		{ value_switch, "on", "1" },
		{ value_switch, "off", "0" },
		{ value_switch, "running", "1" },
		{ value_switch, "stopped", "0" },
		{ value_switch, "1", "1" },
		{ value_switch, "0", "0" },
		{ value_switch, "2", NULL },
		{ value_switch, "Yes", NULL },
		{ value_switch, "yes ", NULL },
		{ value_switch, "", NULL },
		{ value_switch, "NULL", NULL },

		{ value_connections, "0", "0" },
		{ value_connections, "0010", "10" },
		{ value_connections, "2147483647", "2147483647" },
		{ value_connections, "2147483648", "0" },
		{ value_connections, "4294967293", "0" },
		{ value_connections, "4294967295", "0" },
		{ value_connections, "18446744073709549633", "0" },
		{ value_connections, "18446744073709551615", "0" },
		{ value_connections, "18446744073709551616", NULL },
		{ value_connections, "-1", NULL },
		{ value_connections, "12.5", NULL },

		{ value_ago, "0", "0" },
		{ value_ago, "12", "12" },
		{ value_ago, "18446744073709551604", "12" },
		{ value_ago, "9223372036854775807", "9223372036854775807" },
		{ value_ago, "9223372036854775808", NULL },
		{ value_ago, "-12", NULL },
		{ value_ago, "", NULL },
	};
	static const struct series series = { .collector = COLLECTOR_STATS };
	static const struct source source = { .dialect = &stock };

	for (EACH(r, rows)) {
		const char *wanted = r->output != NULL ? r->output : "";
		char text[200];
		struct span s = { text, strlen(r->input) };
		struct buf out;

		/* nothing behind the value is read */
		(void)snprintf(text, sizeof(text), "%s7.5", r->input);
		buf_init(&out, 100);
		check_number(r->input, r->value(&out, s, &series, &source),
		    r->output != NULL ? VALUE_WRITTEN : VALUE_BAD);
		check_text(r->input, span_of_buf(&out), wanted);
		buf_release(&out);
	}
}

static void
add(struct reply *reply, enum collector_id id, const char *key,
    const char *value)
{
	struct error e;

	if (value != NULL)
		check_number(key,
		    reply_add(reply, id, span_of(key), span_of(value), &e), 0);
}

/* cmd_set of the server and of a class, with the three cas_* outcomes. */
TEST(stored)
{
	static const struct {
		const char *name;
		const char *set;
		const char *hits, *misses, *badval;
		const char *server, *slab;
	} rows[] = {
		{ "all", "15", "1", "4", "2", "8", "12" },
		{ "none sent", "15", NULL, NULL, NULL, "15", "15" },
		{ "some sent", "15", NULL, "4", "2", "9", "13" },
		{ "equal", "7", "1", "4", "2", "0", "4" },
		{ "never below 0", "3", "2", "2", "2", "0", "0" },
		{ "bad ones do not count", "15", "x", "-4", "2", "13", "13" },
		{ "large", "18446744073709551615", "1", "1", "1",
		    "18446744073709551612", "18446744073709551613" },
		{ "large parts", "5", "18446744073709551615", "0", "9", "0",
		    "0" },
		{ "zeros in front", "0015", "1", "0", "0", "14", "14" },
		{ "bad", "15x", "1", "1", "1", NULL, NULL },
	};
	static const struct {
		enum collector_id collector;
		const char *prefix;
		int place;
		value_fn *value;
	} kinds[] = {
		{ COLLECTOR_STATS, "", REPLY_SERVER, value_stored },
		{ COLLECTOR_SLABS, "7:", 0, value_slab_stored },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct reply *reply = reply_new(keys);

		add(reply, COLLECTOR_STATS, "cas_hits", r->hits);
		add(reply, COLLECTOR_STATS, "cas_misses", r->misses);
		add(reply, COLLECTOR_STATS, "cas_badval", r->badval);
		add(reply, COLLECTOR_SLABS, "7:chunk_size", "96");
		add(reply, COLLECTOR_SLABS, "7:cas_hits", r->hits);
		add(reply, COLLECTOR_SLABS, "7:cas_badval", r->badval);
		/* another class, whose numbers are not to be taken */
		add(reply, COLLECTOR_SLABS, "8:cas_hits", "1000");
		for (EACH(kind, kinds)) {
			const struct series series = { .collector =
							   kind->collector };
			const struct source source = { reply, &stock,
				kind->place };
			const char *wanted =
			    kind->place == REPLY_SERVER ? r->server : r->slab;
			struct buf out;

			buf_init(&out, 100);
			check_number(r->name,
			    kind->value(
				&out, span_of(r->set), &series, &source),
			    wanted != NULL ? VALUE_WRITTEN : VALUE_BAD);
			check_text(r->name, span_of_buf(&out),
			    wanted != NULL ? wanted : "");
			buf_release(&out);
		}
		reply_free(reply);
	}
	keys_free(keys);
}

/* A value as servers of another kind mean it. */
TEST(dialects)
{
	static const struct dialect engine = { .engine = true, .uptime = 100 },
				    rates = { .rates = true },
				    ms = { .milliseconds = true },
				    young = { .uptime = 100 };
	static const struct {
		const struct dialect *dialect;
		value_fn *value;
		const char *input;
		enum value_result result;
		const char *output;
	} rows[] = {
		{ &rates, value_requests, "12", VALUE_FOREIGN, "" },
		{ &rates, value_requests, "127.05", VALUE_FOREIGN, "" },
		{ &rates, value_stored, "12", VALUE_FOREIGN, "" },
		{ &stock, value_requests, "12", VALUE_WRITTEN, "12" },
		{ &stock, value_requests, "127.05", VALUE_BAD, "" },

		{ &ms, value_uptime, "86401234", VALUE_WRITTEN,
		    "86401.234000" },
		{ &ms, value_uptime, "5000", VALUE_WRITTEN, "5" },
		{ &ms, value_uptime, "18446744073709551615", VALUE_BAD, "" },
		{ &ms, value_uptime, "x", VALUE_BAD, "" },
		{ &stock, value_uptime, "86401234", VALUE_WRITTEN, "86401234" },
		{ &stock, value_uptime, "-1", VALUE_BAD, "" },

		{ &young, value_age, "100", VALUE_WRITTEN, "100" },
		{ &young, value_age, "101", VALUE_BAD, "" },
		{ &young, value_age, "4294967295", VALUE_BAD, "" },
		{ &young, value_age, "-1", VALUE_BAD, "" },
		{ &stock, value_age, "4294967295", VALUE_WRITTEN,
		    "4294967295" },
		{ &engine, value_age, "101", VALUE_WRITTEN, "101" },

		{ &young, value_certificate_age, "100", VALUE_WRITTEN, "100" },
		{ &young, value_certificate_age, "160", VALUE_WRITTEN, "100" },
		{ &young, value_certificate_age, "161", VALUE_BAD, "" },
		{ &young, value_certificate_age, "x", VALUE_BAD, "" },
		{ &stock, value_certificate_age, "160", VALUE_WRITTEN, "160" },
	};
	static const struct series series = { .collector = COLLECTOR_STATS };
	struct keys *keys = keys_new();
	struct reply *reply = reply_new(keys);

	for (EACH(r, rows)) {
		const struct source source = { reply, r->dialect,
			REPLY_SERVER };
		struct buf out;

		buf_init(&out, 100);
		check_number(r->input,
		    r->value(&out, span_of(r->input), &series, &source),
		    r->result);
		check_text(r->input, span_of_buf(&out), r->output);
		buf_release(&out);
	}
	reply_free(reply);
	keys_free(keys);
}

/* What a server is recognised by. */
TEST(recognised)
{
	static const struct {
		const char *key, *value;
		struct dialect dialect;
	} rows[] = {
		{ "uptime", "7", { .uptime = 7 } },
		{ "uptime", "x", { .uptime = UINT64_MAX } },
		{ "uptime", NULL, { .uptime = UINT64_MAX } },
		{ "engine_maxbytes", "0",
		    { .engine = true, .uptime = UINT64_MAX } },
		{ "cmd_get_count", "1",
		    { .rates = true, .uptime = UINT64_MAX } },
		{ "ru_utime", "3.695485",
		    { .milliseconds = true, .uptime = UINT64_MAX } },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct reply *reply = reply_new(keys);
		struct dialect d;

		add(reply, COLLECTOR_STATS, r->key, r->value);
		d = dialect_of(reply);
		check_number(r->key, d.engine, r->dialect.engine);
		check_number(r->key, d.rates, r->dialect.rates);
		check_number(r->key, d.milliseconds, r->dialect.milliseconds);
		check(r->key, d.uptime == r->dialect.uptime);
		reply_free(reply);
	}
	keys_free(keys);
}

TESTS("value", T(forms), T(stored), T(dialects), T(recognised))
