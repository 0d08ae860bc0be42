#include "http/listener.h"

#include "support.h"

/* What else may be wrong with one needs a program that passes it. */
TEST(inherited)
{
	struct listen_socket l = { .fd = 42 };
	struct error e;

	assert_int_equal(listener_inherit(-1, &l, &e), -1);
	check_text("none", span_of(e.text),
	    "descriptor -1 is no socket: Bad file descriptor");
	assert_int_equal(l.fd, 42);
}

TESTS("listener", T(inherited))
