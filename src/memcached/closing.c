#include "memcached/closing.h"

#include "base/span.h"

static const char *const names[] = {
	[CLOSE_SERVER] = "server",
	[CLOSE_UNASKED] = "unasked",
	[CLOSE_BAD_ANSWER] = "bad_answer",
	[CLOSE_TIMEOUT] = "timeout",
	[CLOSE_HEDGE] = "hedge",
	[CLOSE_IDLE] = "idle",
	[CLOSE_LIMIT] = "limit",
	[CLOSE_DESCRIPTORS] = "descriptors",
	[CLOSE_RELOAD] = "reload",
	[CLOSE_SHUTDOWN] = "shutdown",
};
_Static_assert(nitems(names) == CLOSE_REASONS, "a close reason without a name");

const char *
close_reason_name(enum close_reason reason)
{
	return names[reason];
}
