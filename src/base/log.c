#include "base/log.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/span.h"

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a pipe with room takes it");

/* What a line that is cut needs behind its last value, in the longer form. */
#define CUT_ROOM sizeof("\",\"cut\":\"true\"}\n")

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

/* How to write without blocking. */
enum sink {
	SINK_POLLED, /* room has to be asked for */
	SINK_NONBLOCKING,
	SINK_SOCKET,
	SINK_FILE,
	SINK_NONE /* it is closed */
};

/* Why lines were dropped. */
enum loss {
	LOSS_BLOCKED,
	LOSS_FLOOD,
	LOSSES
};

static const char *const loss_words[LOSSES] = {
	[LOSS_BLOCKED] = "standard error did not take them",
	[LOSS_FLOOD] = "too many at once",
};

static struct {
	enum log_level least;
	enum log_format format;
	enum sink sink;
	int fd;
	int reopened; /* ours to close, or -1 */
	bool is_torn; /* the last line ends in its middle */
	uint64_t dropped;
	uint64_t unsaid[LOSSES]; /* since the last line about them */
} setup = { LEVEL_INFO, FORMAT_LOGFMT, SINK_POLLED, STDERR_FILENO, -1, false, 0,
	{ 0 } };

/* What is behind descriptor 2. */
static void
open_sink(void)
{
	static const char path[] = "/proc/self/fd/2";
	struct stat st;

	if (setup.reopened >= 0)
		(void)close(setup.reopened);
	setup.reopened = -1;
	setup.fd = STDERR_FILENO;
	setup.sink = SINK_FILE;
	if (fstat(STDERR_FILENO, &st) < 0)
		setup.sink = SINK_NONE;
	else if (S_ISSOCK(st.st_mode))
		setup.sink = SINK_SOCKET;
	if (setup.sink != SINK_FILE || S_ISREG(st.st_mode))
		return;
	setup.sink = SINK_POLLED;
	setup.reopened =
	    open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (setup.reopened < 0)
		return;
	setup.fd = setup.reopened;
	setup.sink = SINK_NONBLOCKING;
}

void
log_setup(enum log_level least, enum log_format format)
{
	setup.least = least;
	setup.format = format;
	open_sink();
}

bool
log_has(enum log_level level)
{
	return level >= setup.least;
}

static void
escape(struct buf *out, const char *text)
{
	if (setup.format == FORMAT_JSON)
		escape_json(out, text);
	else
		escape_log(out, text);
}

static void
quote(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	escape(out, text);
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
add_key(struct buf *out, const char *key)
{
	if (setup.format == FORMAT_JSON) {
		buf_add_char(out, out->len == 0 ? '{' : ',');
		quote(out, key);
		buf_add_char(out, ':');
		return;
	}
	if (out->len > 0)
		buf_add_char(out, ' ');
	buf_add_str(out, key);
	buf_add_char(out, '=');
}

/* As much of the value as there is room for; the buffer stays full. */
static void
cut_pair(struct buf *out, size_t before, const char *key, const char *value)
{
	out->len = before;
	out->full = false;
	add_key(out, key);
	buf_add_char(out, '"');
	if (out->full) {
		out->len = before;
		return;
	}
	escape(out, value);
	out->full = false;
	out->max++;
	buf_add_char(out, '"');
	out->full = true;
}

/* Nothing follows what has been cut. */
static void
add_pair(struct buf *out, const char *key, const char *value)
{
	size_t before = out->len;

	if (out->full)
		return;
	add_key(out, key);
	if (setup.format == FORMAT_LOGFMT && is_bare(value))
		buf_add_str(out, value);
	else
		quote(out, value);
	if (out->full)
		cut_pair(out, before, key, value);
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

static void
begin_line(struct buf *out, enum log_level level, const char *file, int line,
    const char *msg)
{
	buf_init(out, LOG_LINE_MAX - CUT_ROOM);
	add_time(out);
	add_pair(out, "level", shown_levels[level]);
	add_source(out, file, line);
	add_pair(out, "msg", msg);
}

static ssize_t
put(const char *text, size_t len)
{
	struct pollfd room = { .fd = setup.fd, .events = POLLOUT };

	switch (setup.sink) {
	case SINK_NONE:
		return -1;
	case SINK_SOCKET:
		return send(setup.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case SINK_POLLED:
		if (poll(&room, 1, 0) != 1)
			return -1;
		break;
	case SINK_NONBLOCKING:
	case SINK_FILE:
		break;
	}
	return write(setup.fd, text, len);
}

/* One write a line, so that lines never mix. */
static bool
put_line(const struct buf *out)
{
	ssize_t n;

	if (setup.is_torn && put("\n", 1) != 1)
		return false;
	n = put(out->p, out->len);
	setup.is_torn = n > 0 && (size_t)n < out->len;
	return n > 0 && !setup.is_torn;
}

/* False when it was not taken. */
static bool
end_line(struct buf *out)
{
	bool was_cut = out->full, taken;

	out->full = false;
	out->max = LOG_LINE_MAX;
	if (was_cut)
		add_pair(out, "cut", "true");
	buf_add_str(out, setup.format == FORMAT_JSON ? "}\n" : "\n");
	taken = put_line(out);
	buf_release(out);
	return taken;
}

static void
drop(enum loss loss)
{
	setup.dropped++;
	setup.unsaid[loss]++;
}

static bool
tell_loss(enum loss loss)
{
	char count[24];
	struct buf out;

	if (setup.unsaid[loss] == 0)
		return true;
	(void)snprintf(count, sizeof(count), "%" PRIu64, setup.unsaid[loss]);
	begin_line(&out, LEVEL_WARN, __FILE__, __LINE__,
	    "Lines of the log were dropped");
	add_pair(&out, "count", count);
	add_pair(&out, "reason", loss_words[loss]);
	if (!end_line(&out))
		return false;
	setup.unsaid[loss] = 0;
	return true;
}

static bool
tell_losses(void)
{
	bool told = true;

	for (unsigned i = 0; i < LOSSES && told; i++)
		told = tell_loss((enum loss)i);
	return told;
}

void
log_tell_losses(void)
{
	(void)tell_losses();
}

bool
log_admits(struct rate *news, enum log_level level)
{
	if (!log_has(level))
		return false;
	if (rate_take(news, clock_us()) == 0)
		return true;
	drop(LOSS_FLOOD);
	return false;
}

uint64_t
log_lines_dropped(void)
{
	return setup.dropped;
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
	if (!tell_losses()) {
		drop(LOSS_BLOCKED);
		return;
	}
	begin_line(&out, level, file, line, msg);
	va_start(ap, msg);
	while ((key = va_arg(ap, const char *)) != NULL)
		add_pair(&out, key, va_arg(ap, const char *));
	va_end(ap);
	if (!end_line(&out))
		drop(LOSS_BLOCKED);
}
