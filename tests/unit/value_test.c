/* The functions of stats/value.c. */
#include "stats/catalogue.h"
#include "stats/reply.h"

#include <stdio.h>

#include "support.h"

/* What a value comes out as; NULL when it is not of the form. */
TEST(forms)
{
	static const struct {
		value_fn *value;
		const char *input;
		const char *output;
	} rows[] = {
		{ value_uint, "0", "0" },
		{ value_uint, "007", "007" },
		{ value_uint, "18446744073709551615", "18446744073709551615" },
		{ value_uint, "18446744073709551616", NULL },
		{ value_uint, "", NULL },
		{ value_uint, "-1", NULL },
		{ value_uint, "+1", NULL },
		{ value_uint, "1.0", NULL },
		{ value_uint, "1e3", NULL },
		{ value_uint, "0x1", NULL },
		{ value_uint, "nan", NULL },
		{ value_uint, "inf", NULL },
		{ value_uint, "1 2", NULL },
		{ value_uint, " 1", NULL },
		{ value_uint, "yes", NULL },

		{ value_int, "0", "0" },
		{ value_int, "-1", "-1" },
		{ value_int, "18446744073709551615", "18446744073709551615" },
		{ value_int, "-18446744073709551616", NULL },
		{ value_int, "--1", NULL },
		{ value_int, "-", NULL },
		{ value_int, "- 1", NULL },
		{ value_int, "1-", NULL },
		{ value_int, "", NULL },

		{ value_decimal, "1.25", "1.25" },
		{ value_decimal, "-0.5", "-0.5" },
		{ value_decimal, "7", "7" },
		{ value_decimal, "0.000000000000000000001",
		    "0.000000000000000000001" },
		{ value_decimal, "-18446744073709551615.5",
		    "-18446744073709551615.5" },
		{ value_decimal, "18446744073709551616.5", NULL },
		{ value_decimal, "99999999999999999999", NULL },
		{ value_decimal, "0.18446744073709551616", NULL },
		{ value_decimal, "1.", NULL },
		{ value_decimal, ".5", NULL },
		{ value_decimal, "-.5", NULL },
		{ value_decimal, "1.2.3", NULL },
		{ value_decimal, "1.-2", NULL },
		{ value_decimal, "1,5", NULL },
		{ value_decimal, "1e3", NULL },
		{ value_decimal, "nan", NULL },
		{ value_decimal, "-inf", NULL },
		{ value_decimal, "0x1p3", NULL },
		{ value_decimal, "", NULL },
		{ value_decimal, "-", NULL },
		{ value_decimal, ".", NULL },

		{ value_cpu, "0.065318", "0.065318" },
		{ value_cpu, "12", "12" },
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

		{ value_less_one, "0", "0" },
		{ value_less_one, "10", "10" },
		{ value_less_one, "4294967294", "4294967294" },
		{ value_less_one, "4294967295", "0" },
		{ value_less_one, "4294967296", "4294967296" },
		{ value_less_one, "18446744073709551614",
		    "18446744073709551614" },
		{ value_less_one, "18446744073709551615", "0" },
		{ value_less_one, "-1", NULL },

		{ value_ago, "0", "0" },
		{ value_ago, "12", "12" },
		{ value_ago, "18446744073709551604", "12" },
		{ value_ago, "9223372036854775807", "9223372036854775807" },
		{ value_ago, "9223372036854775808", "9223372036854775808" },
		{ value_ago, "-12", NULL },
		{ value_ago, "", NULL },
	};
	static const struct series series = { .section = SECTION_STATS };

	for (EACH(r, rows)) {
		const char *wanted = r->output != NULL ? r->output : "";
		char text[100];
		struct span s = { text, strlen(r->input) };
		struct buf out;

		/* nothing behind the value is read */
		(void)snprintf(text, sizeof(text), "%s7.5", r->input);
		buf_init(&out, 100);
		check_number(r->input, r->value(&out, s, &series, NULL),
		    r->output != NULL ? 0 : -1);
		check_text(r->input, span_of_buf(&out), wanted);
		buf_release(&out);
	}
}

static void
add(struct reply *reply, enum section section, const char *key,
    const char *value)
{
	struct error e;

	if (value != NULL)
		check_number(key,
		    reply_add(reply, section, span_of(key), span_of(value), &e),
		    0);
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
		enum section section;
		const char *prefix;
		int place;
		value_fn *value;
	} kinds[] = {
		{ SECTION_STATS, "", REPLY_SERVER, value_stored },
		{ SECTION_SLABS, "7:", 0, value_slab_stored },
	};
	struct keys *keys = keys_new();

	for (EACH(r, rows)) {
		struct reply *reply = reply_new(keys);

		add(reply, SECTION_STATS, "cas_hits", r->hits);
		add(reply, SECTION_STATS, "cas_misses", r->misses);
		add(reply, SECTION_STATS, "cas_badval", r->badval);
		add(reply, SECTION_SLABS, "7:chunk_size", "96");
		add(reply, SECTION_SLABS, "7:cas_hits", r->hits);
		add(reply, SECTION_SLABS, "7:cas_badval", r->badval);
		/* another class, whose numbers are not to be taken */
		add(reply, SECTION_SLABS, "8:cas_hits", "1000");
		for (EACH(kind, kinds)) {
			const struct series series = { .section =
							   kind->section };
			const struct source source = { reply, kind->place };
			const char *wanted =
			    kind->place == REPLY_SERVER ? r->server : r->slab;
			struct buf out;

			buf_init(&out, 100);
			check_number(r->name,
			    kind->value(
				&out, span_of(r->set), &series, &source),
			    wanted != NULL ? 0 : -1);
			check_text(r->name, span_of_buf(&out),
			    wanted != NULL ? wanted : "");
			buf_release(&out);
		}
		reply_free(reply);
	}
	keys_free(keys);
}

TESTS("value", T(forms), T(stored))
