#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/span.h"

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

static void set(struct error *e, enum reason reason, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

static void
set(struct error *e, enum reason reason, const char *fmt, va_list ap)
{
	e->reason = reason;
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
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
