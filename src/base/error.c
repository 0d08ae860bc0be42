#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"

/* What is kept of the beginning of a text that is too long. */
#define HEAD_MAX 120
#define GAP " ... "

static const char *const reason_names[] = {
	[REASON_OTHER] = "other",
	[REASON_REFUSED] = "refused",
	[REASON_UNREACHABLE] = "unreachable",
	[REASON_TIMEOUT] = "timeout",
	[REASON_DNS] = "dns",
	[REASON_TLS] = "tls",
	[REASON_AUTH] = "auth",
	[REASON_CLOSED] = "closed",
	[REASON_PROTOCOL] = "protocol",
	[REASON_TOO_LARGE] = "too_large",
	[REASON_BUSY] = "busy",
	[REASON_FORBIDDEN] = "forbidden",
};
_Static_assert(nitems(reason_names) == REASONS, "a reason without a name");

static const struct {
	int err;
	enum reason reason;
} errno_reasons[] = {
	{ ECONNREFUSED, REASON_REFUSED },
	{ ENOENT, REASON_REFUSED }, /* unix socket: no such file */
	{ EAGAIN, REASON_TIMEOUT }, /* unix socket: the backlog is full */
	{ ETIMEDOUT, REASON_TIMEOUT },
	{ ECONNRESET, REASON_CLOSED },
	{ EPIPE, REASON_CLOSED },
	{ EMFILE, REASON_BUSY }, /* our own descriptors have run out */
	{ ENFILE, REASON_BUSY },
};

/* The end of a text, of at most max bytes; no character is cut in two. */
static struct span
tail_of(struct span text, size_t max)
{
	struct span tail = { text.p + text.len - max, max };

	for (size_t i = 0; i < 3 && utf8_length(tail) == 0; i++) {
		tail.p++;
		tail.len--;
	}
	return tail;
}

/* The same for its beginning. */
static struct span
head_of(struct span text, size_t max)
{
	struct span rest = text;

	while (rest.len > text.len - max) {
		size_t n = utf8_length(rest);

		n = n > 0 ? n : 1;
		if (rest.len - n < text.len - max)
			break;
		rest.p += n;
		rest.len -= n;
	}
	return (struct span){ text.p, text.len - rest.len };
}

/*
 * Most texts are too long because of a path or a value in front, and what is
 * wrong with it comes last: so the middle goes.
 */
static void
set_long(struct error *e, const char *text)
{
	struct span whole = span_of(text);
	struct span head = head_of(whole, HEAD_MAX);
	struct span tail =
	    tail_of(whole, ERROR_TEXT_MAX - 1 - HEAD_MAX - strlen(GAP));

	(void)snprintf(e->text, sizeof(e->text), "%.*s" GAP "%.*s",
	    (int)head.len, head.p, (int)tail.len, tail.p);
}

static void set(struct error *e, enum reason reason, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

static void
set(struct error *e, enum reason reason, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	e->reason = reason;
	e->heard[0] = '\0';
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	if (n >= (int)sizeof(e->text)) {
		if (vasprintf(&text, fmt, again) < 0)
			(void)xnonnull(NULL);
		set_long(e, text);
		free(text);
	}
	va_end(again);
}

int
error_set(struct error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, REASON_OTHER, fmt, ap);
	va_end(ap);
	return -1;
}

int
error_because(struct error *e, enum reason reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, reason, fmt, ap);
	va_end(ap);
	return -1;
}

int
error_hear(struct error *e, struct span words)
{
	size_t len =
	    words.len < ERROR_HEARD_MAX ? words.len : ERROR_HEARD_MAX - 1;

	if (len > 0)
		memcpy(e->heard, words.p, len);
	e->heard[len] = '\0';
	return -1;
}

const char *
error_whole(const struct error *e, char whole[ERROR_WHOLE_MAX])
{
	(void)snprintf(whole, ERROR_WHOLE_MAX, "%s%s%s", e->text,
	    e->heard[0] != '\0' ? " " : "", e->heard);
	return whole;
}

enum reason
reason_of_errno(int err)
{
	for (size_t i = 0; i < nitems(errno_reasons); i++) {
		if (errno_reasons[i].err == err)
			return errno_reasons[i].reason;
	}
	return REASON_UNREACHABLE;
}

const char *
reason_name(enum reason reason)
{
	return reason_names[reason];
}
