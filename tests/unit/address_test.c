#include "base/address.h"

#include <sys/un.h>

#include <linux/vm_sockets.h>
#include <netinet/in.h>

#include "support.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X107 X100 "xxxxxxx"
#define X253 X100 X100 X10 X10 X10 X10 X10 "xxx"

#define NO_DEFAULT (-1)

#define CONNECT_FORM                                                           \
	"expected host:port, [IPv6]:port or the path of a unix socket"
#define LISTEN_FORM                                                            \
	"expected host:port, :port, [IPv6]:port, unix:/path or vsock://:port"

/* text: as address_text has it, or NULL for what is no address. */
TEST(parsing)
{
	static const struct {
		const char *input;
		int port;
		const char *text;
	} rows[] = {
		{ "localhost:11211", NO_DEFAULT, "localhost:11211" },
		{ "localhost", 11211, "localhost:11211" },
		{ "localhost:0", 11211, NULL },
		{ "[::1]:00", NO_DEFAULT, NULL },
		{ "127.0.0.1:65535", 11211, "127.0.0.1:65535" },
		{ ":9150", NO_DEFAULT, "localhost:9150" },
		{ "[::1]:9150", NO_DEFAULT, "[::1]:9150" },
		{ "[::1]", 11211, "[::1]:11211" },
		{ "[::]:1", NO_DEFAULT, "[::]:1" },
		{ "[fe80::1%eth0]:1", NO_DEFAULT, "[fe80::1%eth0]:1" },
		{ "a_b-1.C:1", NO_DEFAULT, "a_b-1.C:1" },
		{ "10.example:1", NO_DEFAULT, "10.example:1" },
		{ "cache.1:1", NO_DEFAULT, "cache.1:1" },
		{ "0xcafe.x:1", NO_DEFAULT, "0xcafe.x:1" },
		{ "name.example.", 11211, "name.example.:11211" },
		{ "unix.:1", NO_DEFAULT, "unix.:1" },
		{ ".:1", NO_DEFAULT, NULL },
		{ "..:1", NO_DEFAULT, NULL },
		{ ".example:1", NO_DEFAULT, NULL },
		{ X253 ":1", NO_DEFAULT, X253 ":1" },
		{ "/run/memcached.sock", 11211, "unix:/run/memcached.sock" },
		{ "unix:/run/a b:1", NO_DEFAULT, "unix:/run/a b:1" },
		{ "unix:relative", NO_DEFAULT, "unix:relative" },
		{ "./relative", NO_DEFAULT, "unix:./relative" },
		{ "unix:" X107, NO_DEFAULT, "unix:" X107 },
		{ "unix:///run/x", NO_DEFAULT, "unix:/run/x" },
		{ "../x", NO_DEFAULT, "unix:../x" },
		{ "unix:////run/x", NO_DEFAULT, NULL },
		{ "//h:11211", 11211, NULL },
		{ "unix://run/x", NO_DEFAULT, NULL },
		{ "unix://", NO_DEFAULT, NULL },
		{ "run/x", 11211, NULL },
		{ "localhost/", 11211, NULL },
		{ "localhost:1/", 11211, NULL },
		{ "tcp://localhost:1", 11211, NULL },
		{ "memcached://localhost", 11211, NULL },
		{ "UNIX:/run/x", 11211, NULL },
		/* one text for each address */
		{ "[0:0:0::1]:1", NO_DEFAULT, "[::1]:1" },
		{ "[2001:DB8::A]:1", NO_DEFAULT, "[2001:db8::a]:1" },
		{ "[::ffff:10.0.0.1]:1", NO_DEFAULT, "10.0.0.1:1" },
		{ "[::FFFF:a00:1]:1", NO_DEFAULT, "10.0.0.1:1" },
		{ "[::10.0.0.1]:1", NO_DEFAULT, "[::10.0.0.1]:1" },
		{ "[FE80::1%eth0.5]:1", NO_DEFAULT, "[fe80::1%eth0.5]:1" },
		{ "[ff02::1%2]:1", NO_DEFAULT, "[ff02::1%2]:1" },
		{ "[fe80::1%]:1", 11211, NULL },
		{ "[fe80::1%e@h]:1", 11211, NULL },
		{ "[fe80::1%eth0%1]:1", 11211, NULL },
		{ "[fe80::1%123456789012345]:1", NO_DEFAULT,
		    "[fe80::1%123456789012345]:1" },
		{ "[fe80::1%1234567890123456]:1", 11211, NULL },
		{ "[::1%lo]:1", 11211, NULL },
		{ "[2001:db8:.attacker.test]:1", 11211, NULL },
		{ "[2001:db8::1.attacker.test]:1", 11211, NULL },
		{ "[a:b]:1", 11211, NULL },
		{ "[1:2:3:4:5:6:7:8:9]:1", 11211, NULL },
		{ "[127.0.0.1]:1", 11211, NULL },
		{ "[[::1]]:1", 11211, NULL },
		{ "[::1 ]:1", 11211, NULL },
		/* numbers that the system would take */
		{ "127.0.1:1", 11211, NULL },
		{ "127.1", 11211, NULL },
		{ "0x7f.1:1", 11211, NULL },
		{ "0X7F.0.0.0x1:1", 11211, NULL },
		{ "2130706433:1", 11211, NULL },
		{ "017700000001:1", 11211, NULL },
		{ "0177.0.0.1:1", 11211, NULL },
		{ "127.0.0.01:1", 11211, NULL },
		{ "127.0.0.08:1", 11211, NULL },
		{ "127.0.0.1.:1", 11211, NULL },
		{ "127.0.0.256:1", 11211, NULL },
		{ "1.2.3.4.5:1", 11211, NULL },
		{ "0:1", 11211, NULL },
		{ "0x:1", 11211, NULL },
		/* no names */
		{ "!~:1", 11211, NULL },
		{ "$HOST:1", 11211, NULL },
		{ "${HOST}:1", 11211, NULL },
		{ "<host>:1", 11211, NULL },
		{ "*:1", 11211, NULL },
		{ "'localhost':1", 11211, NULL },
		{ "\"localhost\":1", 11211, NULL },
		{ "host\\:1", 11211, NULL },
		{ "a%20b:1", 11211, NULL },
		{ "h:1?x", 11211, NULL },
		{ "a:1,b:1", 11211, NULL },
		{ "a;b", 11211, NULL },
		{ "a..b:1", 11211, NULL },
		{ "name..:1", 11211, NULL },
		{ "\xef\xbb\xbf"
		  "localhost:1",
		    11211, NULL },
		{ " localhost:1", 11211, NULL },
		{ "localhost:1\n", 11211, NULL },
		{ "scott:tiger@localhost:1", 11211, NULL },
		{ "", 11211, NULL },
		{ "localhost", NO_DEFAULT, NULL },
		{ "[::1]", NO_DEFAULT, NULL },
		{ ":", 11211, NULL },
		{ "localhost:", 11211, NULL },
		{ "localhost:65536", 11211, NULL },
		{ "localhost:65537", 11211, NULL },
		{ "azAZ09-_.z:1", NO_DEFAULT, "azAZ09-_.z:1" },
		{ "localhost:18446744073709551617", 11211, NULL },
		{ "localhost:-1", 11211, NULL },
		{ "localhost:http", 11211, NULL },
		{ "localhost: 1", 11211, NULL },
		{ "localhost:1 ", 11211, NULL },
		{ "local host:1", 11211, NULL },
		{ "local\x7fhost:1", 11211, NULL },
		{ "m\xc3\xbcnchen:1", 11211, NULL },
		{ X253 "x:1", 11211, NULL },
		{ "::1", 11211, NULL },
		{ "::1:11211", 11211, NULL },
		{ "[::1", 11211, NULL },
		{ "[::1]1", 11211, NULL },
		{ "[]:1", 11211, NULL },
		{ "unix", 11211, NULL },
		{ "[localhost]:1", 11211, NULL },
		{ "unix:", 11211, NULL },
		{ "unix:" X107 "x", 11211, NULL },
		{ "/" X107, 11211, NULL },
		{ "vsock:9150", NO_DEFAULT, "vsock:9150" },
		{ "unix:vsock://:9150", NO_DEFAULT, "unix:vsock://:9150" },
		{ "vsock://:9150", NO_DEFAULT, NULL },
		{ "vsock://2:9150", 11211, NULL },
	};

	for (EACH(r, rows)) {
		struct address a = { .host = "untouched", .port = 1 };
		char text[ADDRESS_TEXT_MAX];
		struct error e = { 0 };
		int result = address_parse(&a, r->input, r->port, &e);

		check_number(r->input, result, r->text != NULL ? 0 : -1);
		check_number(r->input, e.text[0] != '\0', r->text == NULL);
		address_text(&a, text);
		check_text(r->input, span_of(text),
		    r->text != NULL ? r->text : "untouched:1");
	}
}

/* What may be listened on; the rest is as above. */
TEST(listening)
{
	static const struct {
		const char *input;
		const char *text; /* or the error */
		bool ok;
	} rows[] = {
		{ ":9150", ":9150", true },
		{ "localhost.:1", "localhost.:1", true },
		{ "localhost:0", "localhost:0", true },
		{ "unix:/x", "unix:/x", true },
		{ "vsock://:9150", "vsock://:9150", true },
		{ "vsock://:0", "vsock://:0", true },
		{ "vsock://:4294967294", "vsock://:4294967294", true },
		{ "vsock://:4294967295", "expected vsock://:port", false },
		{ "vsock://:-1", "expected vsock://:port", false },
		{ "vsock://:", "expected vsock://:port", false },
		{ "vsock://", "expected vsock://:port", false },
		{ "vsock://2:9150", "expected vsock://:port", false },
		{ "vsock:///9150", "expected vsock://:port", false },
		{ "*:9150", ":9150", true },
		{ "[*]:9150", LISTEN_FORM, false },
		{ "a*:9150", LISTEN_FORM, false },
		{ "*", LISTEN_FORM, false },
		{ "unix:///x", "unix:/x", true },
		{ "localhost", LISTEN_FORM, false },
		{ "http://localhost:9150", LISTEN_FORM, false },
		{ "localhost:9150/", LISTEN_FORM, false },
		{ "localhost:http", LISTEN_FORM, false },
		{ ":9150,:9151",
		    LISTEN_FORM ", one alone: for several, repeat the flag",
		    false },
		{ "http://a:b@localhost:9150",
		    LISTEN_FORM ", without user and password: "
				"--web.config.file sets users",
		    false },
		{ "127.0.0.1", LISTEN_FORM, false },
		{ "127.0.0.1:9150/metrics", LISTEN_FORM, false },
		{ "127.1:9150",
		    LISTEN_FORM "; an IPv4 address has four decimal numbers",
		    false },
	};

	for (EACH(r, rows)) {
		char text[ADDRESS_TEXT_MAX] = "";
		struct address a;
		struct error e;

		check_number(r->input, address_parse_listen(&a, r->input, &e),
		    r->ok ? 0 : -1);
		if (r->ok)
			address_text(&a, text);
		check_text(r->input, span_of(r->ok ? text : e.text), r->text);
	}
}

/* What is said of a text that is no address to connect to. */
TEST(refusals)
{
	static const struct {
		const char *input;
		const char *error;
	} rows[] = {
		{ "tcp://h:1", CONNECT_FORM },
		{ "h:1/", CONNECT_FORM },
		{ "$HOST:1", CONNECT_FORM },
		{ "[cache.example]:1", CONNECT_FORM },
		{ "a:1,b:1",
		    CONNECT_FORM ", one alone: several servers are scraped "
				 "with /scrape?target=" },
		{ "a:1;b:1",
		    CONNECT_FORM ", one alone: several servers are scraped "
				 "with /scrape?target=" },
		{ "a b",
		    CONNECT_FORM ", one alone: several servers are scraped "
				 "with /scrape?target=" },
		{ "memcached://scott:tiger,@h:1",
		    CONNECT_FORM ", without user and password: "
				 "--memcached.username and "
				 "--memcached.password-file set these" },
		{ "0x7f.1:1",
		    CONNECT_FORM "; an IPv4 address has four decimal numbers" },
		{ "127.0.0.1:1/", CONNECT_FORM },
		{ "127.0.0.1:", CONNECT_FORM },
		{ "h:0", "expected host:port with a port from 1 to 65535" },
		{ "unix:", "a socket's path has 1 to 107 characters" },
	};

	for (EACH(r, rows)) {
		struct address a;
		struct error e;

		check_number(
		    r->input, address_parse(&a, r->input, 11211, &e), -1);
		check_text(r->input, span_of(e.text), r->error);
	}
}

TEST(echoes)
{
	static const struct {
		const char *text;
		const char *echo;
	} rows[] = {
		{ "", "" },
		{ "h:x", "h:x" },
		{ "@file", "@file" },
		{ "scott:tiger@h:1", "***@h:1" },
		{ "memcached://scott:ti@ger@h", "***@h" },
		{ "scott:tiger@", "***@" },
		{ "tcp://h:1,scott:tiger@h:2", "***@h:2" },
	};

	for (EACH(r, rows)) {
		char echo[ADDRESS_ECHO_MAX];

		address_echo(r->text, echo);
		check_text(r->text, span_of(echo), r->echo);
	}
}

TEST(vsock_endpoints)
{
	static const struct {
		const char *input;
		unsigned port;
		const char *text;
	} rows[] = {
		{ "vsock://:9150", 9150, "vsock://:9150" },
		{ "vsock://:70000", 70000, "vsock://:70000" },
		{ "vsock://:0", VMADDR_PORT_ANY, "vsock://:4294967295" },
	};

	for (EACH(r, rows)) {
		struct endpoint ep = { 0 };
		const struct sockaddr_vm *vm =
		    (const struct sockaddr_vm *)&ep.sa;
		char text[ADDRESS_TEXT_MAX];
		struct address a;
		struct error e;

		(void)address_parse_listen(&a, r->input, &e);
		check(r->input, address_endpoint(&a, &ep));
		check_number(r->input, ep.len, sizeof(*vm));
		check_number(r->input, vm->svm_family, AF_VSOCK);
		check_number(r->input, vm->svm_cid, VMADDR_CID_ANY);
		check_number(r->input, vm->svm_port, r->port);
		endpoint_text(&ep, text);
		check_text(r->input, span_of(text), r->text);
	}
}

/* family: of the endpoint, or AF_UNSPEC for what must be looked up. */
TEST(endpoints)
{
	static const struct {
		const char *input;
		int family;
		const char *text;
	} rows[] = {
		{ "127.0.0.1:80", AF_INET, "127.0.0.1:80" },
		{ "[::1]:80", AF_INET6, "[::1]:80" },
		{ "[0:0::1]:80", AF_INET6, "[::1]:80" },
		{ "unix:/run/x", AF_UNIX, "unix:/run/x" },
		{ "unix:" X107, AF_UNIX, "unix:" X107 },
		{ "localhost:80", AF_UNSPEC, "" },
		{ "[fe80::1%1]:80", AF_INET6, "[fe80::1%lo]:80" },
		{ "[fe80::1%lo]:80", AF_INET6, "[fe80::1%lo]:80" },
		{ "[fe80::1%none]:80", AF_INET6, "[fe80::1]:80" },
		{ "[fe80::1%4000000000]:80", AF_INET6,
		    "[fe80::1%4000000000]:80" },
		{ "[::ffff:127.0.0.1]:80", AF_INET, "127.0.0.1:80" },
		{ ":80", AF_UNSPEC, "" }, /* localhost */
		{ "name.:80", AF_UNSPEC, "" },
	};

	for (EACH(r, rows)) {
		char text[ADDRESS_TEXT_MAX] = "";
		struct endpoint ep = { 0 };
		struct address a;
		struct error e;

		check_number(
		    r->input, address_parse(&a, r->input, NO_DEFAULT, &e), 0);
		check_number(r->input, address_endpoint(&a, &ep),
		    r->family != AF_UNSPEC);
		check_number(r->input, ep.sa.ss_family, r->family);
		if (r->family != AF_UNSPEC)
			endpoint_text(&ep, text);
		check_text(r->input, span_of(text), r->text);
	}
}

TEST(endpoint_lengths)
{
	static const struct {
		const char *input;
		size_t len;
	} rows[] = {
		{ "127.0.0.1:80", sizeof(struct sockaddr_in) },
		{ "[::1]:80", sizeof(struct sockaddr_in6) },
		{ "/run/x", sizeof(struct sockaddr_un) },
	};

	for (EACH(r, rows)) {
		struct endpoint ep = { 0 };
		struct address a;
		struct error e;

		(void)address_parse(&a, r->input, NO_DEFAULT, &e);
		check(r->input, address_endpoint(&a, &ep));
		check_number(r->input, ep.len, r->len);
	}
}

/* What accept(2) says of a peer on a unix socket that is bound to nothing. */
TEST(nameless_peer)
{
	struct endpoint ep = { .len = sizeof(sa_family_t) };
	char text[ADDRESS_TEXT_MAX];

	ep.sa.ss_family = AF_UNIX;
	endpoint_text(&ep, text);
	check_text("nameless", span_of(text), "unix:");
}

/* As systemd can pass one. */
TEST(abstract_socket)
{
	static const char name[] = "\0exporter";
	struct endpoint ep = { .len = sizeof(sa_family_t) + sizeof(name) - 1 };
	struct sockaddr_un *un = (struct sockaddr_un *)&ep.sa;
	char text[ADDRESS_TEXT_MAX];

	un->sun_family = AF_UNIX;
	memset(un->sun_path, 'x', sizeof(un->sun_path));
	memcpy(un->sun_path, name, sizeof(name) - 1);
	endpoint_text(&ep, text);
	check_text("abstract", span_of(text), "unix:@exporter");
}

TESTS("address", T(parsing), T(refusals), T(listening), T(echoes), T(endpoints),
    T(vsock_endpoints), T(endpoint_lengths), T(nameless_peer),
    T(abstract_socket))
