#include "base/log.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/parse.h"

#include "support.h"

static char out[1 << 20];

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

/* What a line is whose value has n bytes. */
static struct span
logged(enum log_format format, size_t n, char c)
{
	static char value[2 * LOG_LINE_MAX];

	assert_true(n < sizeof(value));
	memset(value, c, n);
	value[n] = '\0';
	capture(LEVEL_INFO, format);
	log_info("m", "value", value, "after", "x");
	captured();
	return span_of(out);
}

static bool
ends_with(struct span text, const char *end)
{
	size_t len = strlen(end);

	return text.len >= len &&
	       memcmp(text.p + text.len - len, end, len) == 0;
}

/* A line is cut where a value or a pair ends, and says so. */
TEST(long_lines)
{
	static const struct {
		const char *name;
		enum log_format format;
		char c;
		size_t width; /* of it in the line */
		const char *end;
		const char *cut;
	} rows[] = {
		{ "bare", FORMAT_LOGFMT, 'x', 1, "x after=x\n",
		    "x\" cut=true\n" },
		{ "quoted", FORMAT_LOGFMT, ' ', 1, " \" after=x\n",
		    " \" cut=true\n" },
		{ "escaped", FORMAT_LOGFMT, '"', 2, "\\\"\" after=x\n",
		    "\\\"\" cut=true\n" },
		{ "hexadecimal", FORMAT_LOGFMT, '\x01', 4, "\\x01\" after=x\n",
		    "\\x01\" cut=true\n" },
		{ "JSON", FORMAT_JSON, 'x', 1, "x\",\"after\":\"x\"}\n",
		    "x\",\"cut\":\"true\"}\n" },
		{ "escaped in JSON", FORMAT_JSON, '\\', 2,
		    "\\\\\",\"after\":\"x\"}\n", "\\\\\",\"cut\":\"true\"}\n" },
	};

	for (EACH(r, rows)) {
		check(r->name, ends_with(logged(r->format, 9, r->c), r->end));
		for (size_t n = (LOG_LINE_MAX - 200) / r->width;
		     n <= LOG_LINE_MAX / r->width; n++) {
			struct span line = logged(r->format, n, r->c);

			check(r->name, line.len <= LOG_LINE_MAX);
			if (ends_with(line, r->end))
				continue;
			check(r->name, ends_with(line, "cut=true\n") ||
					   ends_with(line, "\"true\"}\n"));
			if (n > LOG_LINE_MAX)
				check(r->name, ends_with(line, r->cut));
		}
		check(r->name, logged(r->format, LOG_LINE_MAX, r->c).len >
				   LOG_LINE_MAX - 64);
	}
}

/* Ends of pipes and the like: what is written to [1] is read from [0]. */
static int
open_pipe(int ends[2])
{
	return pipe(ends);
}

static int
open_sockets(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int
open_terminal(int ends[2])
{
	ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (ends[0] < 0 || grantpt(ends[0]) < 0 || unlockpt(ends[0]) < 0)
		return -1;
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	return ends[1] < 0 ? -1 : 0;
}

/* Such descriptors that cannot be opened again. */
static void
limit_descriptors(int ends[2], struct rlimit *before)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	limit = *before;
	limit.rlim_cur = (rlim_t)(ends[1] > real ? ends[1] : real) + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* All that there is; how many lines it says have been dropped. */
static uint64_t
drain(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t told = 0, count = 0;
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(out) - 1 && poll(&pollfd, 1, 50) > 0 &&
	       (n = read(fd, out + len, sizeof(out) - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	for (char *at = out; (at = strstr(at, "count=")) != NULL;) {
		at += strlen("count=");
		check_number("count",
		    parse_u64((struct span){ at, strcspn(at, " ") }, &count),
		    0);
		told += count;
	}
	return told;
}

/*
 * Nobody reads: lines are dropped and counted, and whoever shares the
 * descriptor is not kept from blocking. When somebody reads again, the number
 * of them comes before the next line.
 */
TEST(nobody_reads)
{
	static const struct {
		const char *name;
		int (*open)(int ends[2]);
		bool is_limited;
	} rows[] = {
		{ "pipe", open_pipe, false },
		{ "pipe of somebody else", open_pipe, true },
		{ "socket", open_sockets, false },
		{ "terminal", open_terminal, false },
	};

	for (EACH(r, rows)) {
		uint64_t before = log_lines_dropped(), dropped, told;
		struct rlimit limit;
		int ends[2];

		real = dup(STDERR_FILENO);
		check(r->name, r->open(ends) == 0);
		check(r->name, dup2(ends[1], STDERR_FILENO) >= 0);
		if (r->is_limited)
			limit_descriptors(ends, &limit);
		log_setup(LEVEL_INFO, FORMAT_LOGFMT);
		if (r->is_limited)
			assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		(void)alarm(10);
		for (int i = 0; i < 5000; i++)
			log_info("m", "value", "xxxxxxxxxxxxxxxxxxxxxxxxxx");
		(void)alarm(0);
		dropped = log_lines_dropped() - before;
		check(r->name, dropped > 0 && dropped < 5000);
		check(
		    r->name, (fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0);
		told = drain(ends[0]);
		log_info("again");
		check_number(r->name, log_lines_dropped() - before, dropped);
		told += drain(ends[0]);
		check_number(r->name, told, dropped);
		check(r->name, strstr(out, "msg=again") != NULL);
		log_info("once more");
		check_number(r->name, drain(ends[0]), 0);
		check(r->name, strstr(out, "msg=\"once more\"") != NULL);
		(void)dup2(real, STDERR_FILENO);
		log_setup(LEVEL_INFO, FORMAT_LOGFMT);
		(void)close(real);
		(void)close(ends[0]);
		(void)close(ends[1]);
	}
}

/* It may be closed, and the number be somebody else's later. */
TEST(nothing_is_there)
{
	uint64_t before = log_lines_dropped();

	real = dup(STDERR_FILENO);
	file = tmpfile();
	(void)close(STDERR_FILENO);
	log_setup(LEVEL_INFO, FORMAT_LOGFMT);
	assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
	log_info("m");
	captured();
	check_text("closed", span_of(out), "");
	check_number("closed", log_lines_dropped() - before, 1);
}

TEST(full_disk)
{
	uint64_t before = log_lines_dropped();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	real = dup(STDERR_FILENO);
	assert_true(dup2(full, STDERR_FILENO) >= 0);
	log_setup(LEVEL_INFO, FORMAT_LOGFMT);
	log_info("m");
	(void)dup2(real, STDERR_FILENO);
	(void)close(real);
	(void)close(full);
	check_number("full", log_lines_dropped() - before, 1);
}

/* A bucket's lines that are too many count as well, and are told. */
TEST(news)
{
	uint64_t before = log_lines_dropped();
	struct rate rate;

	rate_init(&rate, 1000000000, 2);
	capture(LEVEL_INFO, FORMAT_LOGFMT);
	for (int i = 0; i < 5; i++)
		check_number("admitted", log_admits(&rate, LEVEL_INFO), i < 2);
	check("not of that level", !log_admits(&rate, LEVEL_DEBUG));
	log_info("m");
	captured();
	check_number("dropped", log_lines_dropped() - before, 3);
	check("told",
	    strstr(out, " count=3 reason=\"too many at once\"\n") != NULL);
}

TESTS("log", T(escaping), T(forms), T(levels), T(long_lines), T(nobody_reads),
    T(nothing_is_there), T(full_disk), T(news))
