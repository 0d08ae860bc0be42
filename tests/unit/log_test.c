#include "base/log.h"

#include <fnmatch.h>
#include <stdio.h>
#include <unistd.h>

#include "support.h"

#define LINE_BYTES_MAX 8192

static char out[4 * LINE_BYTES_MAX];

/* Whatever is logged between these two is in out. */
static FILE *file;
static int real;

static void
capture(enum log_level least, enum log_format format)
{
	file = tmpfile();
	assert_non_null(file);
	real = dup(STDERR_FILENO);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log_setup(least, format);
}

static void
captured(void)
{
	ssize_t n = pread(STDERR_FILENO, out, sizeof(out) - 1, 0);

	(void)dup2(real, STDERR_FILENO);
	(void)close(real);
	(void)fclose(file);
	assert_true(n >= 0);
	out[n] = '\0';
}

/* How the value of one pair comes out, in both forms. */
TEST(escaping)
{
	static const struct {
		const char *value;
		const char *logfmt;
		const char *json;
	} rows[] = {
		{ "plain", "plain", "\"plain\"" },
		{ "~!#:/[]{},'", "~!#:/[]{},'", "\"~!#:/[]{},'\"" },
		{ "", "\"\"", "\"\"" },
		{ "two words", "\"two words\"", "\"two words\"" },
		{ "a=b", "\"a=b\"", "\"a=b\"" },
		{ "a\"b", "\"a\\\"b\"", "\"a\\\"b\"" },
		{ "a\\b", "\"a\\\\b\"", "\"a\\\\b\"" },
		{ "a\nb", "\"a\\nb\"", "\"a\\nb\"" },
		{ "\r\t", "\"\\x0d\\x09\"", "\"\\u000d\\u0009\"" },
		{ "\x01\x1b[2J", "\"\\x01\\x1b[2J\"", "\"\\u0001\\u001b[2J\"" },
		{ "\x7f", "\"\\x7f\"", "\"\\u007f\"" },
		{ "\xc2\x80", "\"\\x80\"", "\"\\u0080\"" },
		{ "\xc2\x9f", "\"\\x9f\"", "\"\\u009f\"" },
		{ "\xc2\xa0", "\"\xc2\xa0\"", "\"\xc2\xa0\"" },
		{ "M\xc3\xbcnchen", "\"M\xc3\xbcnchen\"",
		    "\"M\xc3\xbcnchen\"" },
		{ "\xf0\x9f\x90\x98", "\"\xf0\x9f\x90\x98\"",
		    "\"\xf0\x9f\x90\x98\"" },
		{ "\xff", "\"\\xff\"", "\"\\ufffd\"" },
		{ "a\xc3", "\"a\\xc3\"", "\"a\\ufffd\"" },
		{ "\x80\x9f", "\"\\x80\\x9f\"", "\"\\ufffd\\ufffd\"" },
	};
	static const char *const pairs[FORMATS] = { " value=", "\"value\":" };

	for (EACH(r, rows)) {
		const char *wanted[FORMATS] = { r->logfmt, r->json };

		for (unsigned f = 0; f < FORMATS; f++) {
			const char *at;
			size_t len;

			capture(LEVEL_INFO, f);
			log_info("m", "value", r->value);
			captured();
			at = strstr(out, pairs[f]);
			check(r->value, at != NULL);
			at += strlen(pairs[f]);
			len = strcspn(at, "\n") - (f == FORMAT_JSON);
			check_text(
			    r->value, ((struct span){ at, len }), wanted[f]);
		}
	}
}

#define DATE "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
#define TIME DATE "T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z"

/* Whole lines, as patterns. */
TEST(forms)
{
	static const char *const patterns[FORMATS] = {
		"time=" TIME " level=WARN source=log_test.c:[1-9]*"
		" msg=\"two words\" address=[[]::1]:1 count=7\n",
		"{\"time\":\"" TIME "\",\"level\":\"WARN\","
		"\"source\":\"log_test.c:[1-9]*\",\"msg\":\"two words\","
		"\"address\":\"[[]::1]:1\",\"count\":\"7\"}\n",
	};

	for (unsigned f = 0; f < FORMATS; f++) {
		capture(LEVEL_INFO, f);
		log_warn("two words", "address", "[::1]:1", "count", "7");
		captured();
		if (fnmatch(patterns[f], out, 0) != 0)
			fail_msg("%s: %s", log_format_names[f], out);
	}
}

TEST(levels)
{
	static const struct {
		enum log_level least;
		const char *name;
		const char *logged;
	} rows[] = {
		{ LEVEL_DEBUG, "debug", "DIWE" },
		{ LEVEL_INFO, "info", "IWE" },
		{ LEVEL_WARN, "warn", "WE" },
		{ LEVEL_ERROR, "error", "E" },
	};

	for (EACH(r, rows)) {
		char letters[LEVELS + 1] = "";
		size_t n = 0;

		check_text(
		    r->name, span_of(log_level_names[r->least]), r->name);
		capture(r->least, FORMAT_LOGFMT);
		log_debug("m");
		log_info("m");
		log_warn("m");
		log_error("m");
		captured();
		for (char *at = out;
		     n < LEVELS && (at = strstr(at, "level=")) != NULL; at++)
			letters[n++] = at[strlen("level=")];
		check_text(r->name, span_of(letters), r->logged);
		for (int level = 0; level < LEVELS; level++)
			check_number(r->name, log_has((enum log_level)level),
			    level >= (int)r->least);
	}
}

/* The length of a line whose value has n bytes; 0 when it was dropped. */
static size_t
logged_length(size_t n)
{
	static char value[2 * LINE_BYTES_MAX];

	assert_true(n < sizeof(value));
	memset(value, 'x', n);
	value[n] = '\0';
	capture(LEVEL_INFO, FORMAT_LOGFMT);
	log_info("m", "value", value);
	captured();
	return strlen(out);
}

TEST(long_lines)
{
	size_t rest = logged_length(1) - 1;
	size_t most = LINE_BYTES_MAX - rest;

	check_number("longest", logged_length(most), LINE_BYTES_MAX);
	check("longest", out[LINE_BYTES_MAX - 1] == '\n');
	check_number("one more", logged_length(most + 1), 0);
	check_number("much more", logged_length(LINE_BYTES_MAX + rest), 0);
	check_number("afterwards", logged_length(10), rest + 10);
}

TESTS("log", T(escaping), T(forms), T(levels), T(long_lines))
