#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"

#define LINE_BYTES_MAX 8192 /* a longer line is dropped, not cut in two */

const char *const log_level_names[LEVELS] = {
	[LEVEL_DEBUG] = "debug",
	[LEVEL_INFO] = "info",
	[LEVEL_WARN] = "warn",
	[LEVEL_ERROR] = "error",
};

const char *const log_format_names[FORMATS] = {
	[FORMAT_LOGFMT] = "logfmt",
	[FORMAT_JSON] = "json",
};

static const char *const shown_levels[LEVELS] = {
	[LEVEL_DEBUG] = "DEBUG",
	[LEVEL_INFO] = "INFO",
	[LEVEL_WARN] = "WARN",
	[LEVEL_ERROR] = "ERROR",
};

static struct {
	enum log_level least;
	enum log_format format;
} setup = { LEVEL_INFO, FORMAT_LOGFMT };

void
log_setup(enum log_level least, enum log_format format)
{
	setup.least = least;
	setup.format = format;
}

bool
log_has(enum log_level level)
{
	return level >= setup.least;
}

static void
quote(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	if (setup.format == FORMAT_JSON)
		escape_json(out, text);
	else
		escape_log(out, text);
	buf_add_char(out, '"');
}

static bool
is_bare(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"\\=", *text))
			return false;
	}
	return true;
}

static void
add_pair(struct buf *out, const char *key, const char *value)
{
	if (setup.format == FORMAT_JSON) {
		buf_add_char(out, out->len == 0 ? '{' : ',');
		quote(out, key);
		buf_add_char(out, ':');
		quote(out, value);
		return;
	}
	if (out->len > 0)
		buf_add_char(out, ' ');
	buf_add_str(out, key);
	buf_add_char(out, '=');
	if (is_bare(value))
		buf_add_str(out, value);
	else
		quote(out, value);
}

static void
add_time(struct buf *out)
{
	char text[sizeof("2026-01-31T12:00:00.000Z") + 16];
	struct timespec ts;
	struct tm tm;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
	    text + n, sizeof(text) - n, ".%03ldZ", ts.tv_nsec / 1000000);
	add_pair(out, "time", text);
}

static void
add_source(struct buf *out, const char *file, int line)
{
	const char *slash = strrchr(file, '/');
	char text[128];

	(void)snprintf(text, sizeof(text), "%s:%d",
	    slash != NULL ? slash + 1 : file, line);
	add_pair(out, "source", text);
}

void
log_write(
    enum log_level level, const char *file, int line, const char *msg, ...)
{
	struct buf out;
	const char *key;
	va_list ap;

	if (!log_has(level))
		return;
	buf_init(&out, LINE_BYTES_MAX);
	add_time(&out);
	add_pair(&out, "level", shown_levels[level]);
	add_source(&out, file, line);
	add_pair(&out, "msg", msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)) != NULL)
		add_pair(&out, key, va_arg(ap, const char *));
	va_end(ap);
	buf_add_str(&out, setup.format == FORMAT_JSON ? "}\n" : "\n");
	/* one write, so that lines never mix; nobody to tell when it fails */
	if (!out.full)
		(void)!write(STDERR_FILENO, out.p, out.len);
	buf_release(&out);
}
