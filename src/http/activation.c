#include "http/activation.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/span.h"

static int
get_number(const char *name, uint64_t *n, struct error *e)
{
	const char *text = getenv(name);

	if (text == NULL)
		return error_set(
		    e, "systemd has passed no socket: %s is not set", name);
	if (parse_u64(span_of(text), n) < 0)
		return error_set(e, "%s=%s is no number", name, text);
	return 0;
}

static int
count(size_t *n, size_t max, struct error *e)
{
	uint64_t pid = 0, fds = 0;

	if (get_number("LISTEN_PID", &pid, e) < 0 ||
	    get_number("LISTEN_FDS", &fds, e) < 0)
		return -1;
	if (pid != (uint64_t)getpid())
		return error_set(e,
		    "the sockets of systemd are for process %llu (LISTEN_PID), "
		    "this is %d",
		    (unsigned long long)pid, (int)getpid());
	if (fds == 0 || fds > max)
		return error_set(e,
		    "systemd has passed %llu sockets, expected 1 to %zu",
		    (unsigned long long)fds, max);
	*n = (size_t)fds;
	return 0;
}

int
activation_count(size_t *n, size_t max, struct error *e)
{
	static const char *const names[] = { "LISTEN_PID", "LISTEN_FDS",
		"LISTEN_FDNAMES" };
	int r = count(n, max, e);

	for (size_t i = 0; i < nitems(names); i++)
		(void)unsetenv(names[i]);
	return r;
}

bool
activation_is_offered(void)
{
	uint64_t pid = 0, fds = 0;
	struct error e;

	return get_number("LISTEN_PID", &pid, &e) == 0 &&
	       get_number("LISTEN_FDS", &fds, &e) == 0 &&
	       pid == (uint64_t)getpid() && fds > 0;
}
