#include "http/listener.h"

#include <sys/socket.h>

#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "support.h"

/* The program's own getnameinfo, which libevent asks for each client. */
TEST(names)
{
	static const struct sockaddr_vm vm = {
		.svm_family = AF_VSOCK, .svm_cid = 4294967295, .svm_port = 9150
	};
	static const struct sockaddr_in in = { .sin_family = AF_INET };
	static const struct sockaddr none = { .sa_family = AF_MAX };
	static const struct {
		const char *name;
		const void *sa;
		socklen_t len, host_len, port_len;
		const char *text;
	} rows[] = {
		{ "vsock", &vm, sizeof(vm), 64, 64, "0 4294967295 9150" },
		{ "just fits", &vm, sizeof(vm), 11, 5, "0 4294967295 9150" },
		{ "no port", &vm, sizeof(vm), 64, 0, "0 4294967295 -" },
		{ "small host", &vm, sizeof(vm), 10, 64, "-12 - -" },
		{ "small port", &vm, sizeof(vm), 64, 4, "-12 - -" },
		{ "short", &vm, 8, 64, 64, "-6 - -" },
		{ "TCP", &in, sizeof(in), 64, 64, "0 0.0.0.0 0" },
		{ "unknown", &none, sizeof(none), 64, 64, "-6 - -" },
	};

	assert_true(EAI_OVERFLOW == -12 && EAI_FAMILY == -6);
	for (EACH(r, rows)) {
		char host[64] = "-", port[64] = "-", text[160];
		int result = getnameinfo(r->sa, r->len, host, r->host_len, port,
		    r->port_len, NI_NUMERICHOST | NI_NUMERICSERV);

		(void)snprintf(text, sizeof(text), "%d %s %s", result,
		    result == 0 ? host : "-", result == 0 ? port : "-");
		check_text(r->name, span_of(text), r->text);
	}
}

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

TESTS("listener", T(names), T(inherited))
