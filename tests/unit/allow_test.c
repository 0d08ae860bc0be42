#include "config/allow.h"

#include <stdio.h>

#include "support.h"

#define X100                                                                   \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                   \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

#define FORM                                                                   \
	"expected host:port (globs), a network such as 10.0.0.0/8 or "         \
	"10.0.0.0/8:11211, or unix:/path"

static struct allow *
list_of(const char *const *rules)
{
	struct allow *a = allow_new();
	struct error e;

	for (; *rules != NULL; rules++)
		check_number(*rules, allow_add(a, *rules, &e), 0);
	return a;
}

TEST(adding)
{
	static const struct {
		const char *rule;
		int result;
	} rows[] = {
		{ "localhost", 0 },
		{ "localhost:11211", 0 },
		{ "*:*", 0 },
		{ "cache-[0-9]*.example:1121?", 0 },
		{ "[::1]", 0 },
		{ "[::1]:1", 0 },
		{ "[fe80::*]:*", 0 },
		{ "10.0.0.0/0", 0 },
		{ "10.0.0.0/32", 0 },
		{ "::/0", 0 },
		{ "::1/128", 0 },
		{ "::ffff:10.0.0.0/104", 0 },
		{ "unix:/run/x", 0 },
		{ "unix:x", 0 },
		{ "", -1 },
		{ ":", -1 },
		{ ":1", -1 },
		{ "host:", -1 },
		{ "a:b:c", -1 },
		{ "::1", -1 },
		{ "[::1", -1 },
		{ "[::1]x", -1 },
		{ "[::1]:", -1 },
		{ "[]:1", -1 },
		{ "/run/x", 0 },
		{ "unix:///run/x", 0 },
		{ "unix://run/x", -1 },
		{ "run/x", -1 },
		{ "host/8", -1 },
		{ "10.0.0.0/", -1 },
		{ "10.0.0.0/33", -1 },
		{ "10.0.0.0/-1", -1 },
		{ "10.0.0.0/+8", -1 },
		{ "10.0.0.0/8/8", -1 },
		{ "10.0.0.0/18446744073709551624", -1 },
		{ "10.0.0/8", -1 },
		{ "::/129", -1 },
		{ "[::]/8", -1 },
		{ "10.0.0.0/8:11211", 0 },
		{ "10.0.0.0/8:*", 0 },
		{ "10.0.0.0/8:1121[0-3]", 0 },
		{ "[fd00::/8]:11211", 0 },
		{ "[fd00::/8]", 0 },
		{ "fd00::/8:11211", 0 },
		{ "10.0.0.0/8:", -1 },
		{ "10.0.0.0/8:0", -1 },
		{ "10.0.0.0/8:65536", -1 },
		{ "10.0.0.0/8:11211:1", -1 },
		{ "[10.0.0.0/8]:11211", -1 },
		{ "[fd00::]/8:11211", -1 },
		{ "[fd00::/8]11211", -1 },
		{ "[::1]:1/2", -1 },
		{ "h:65535", 0 },
		{ "h:9[0-9]*", 0 },
		{ "h:1]", -1 },
		{ "a]b*:1", -1 },
		/* what could allow nothing */
		{ "h:0", -1 },
		{ "h:65536", -1 },
		{ "h:011211", -1 },
		{ "h:0*", -1 },
		{ "h:11211?", -1 },
		{ "h:http", -1 },
		{ "h:1121[12", -1 },
		{ "h:[]", -1 },
		{ "h:[!]", -1 },
		{ "h:**", -1 },
		{ "user@h:1", -1 },
		{ "user:pw@h:1", -1 },
		{ "user:*@*:*", -1 },
		{ "tcp://h:1", -1 },
		{ "tcp://h", -1 },
		{ "h:1/", -1 },
		{ "cache-{1,2}:1", -1 },
		{ "a,b", -1 },
		{ " a", -1 },
		{ "a:1 ", -1 },
		{ "$HOST:1", -1 },
		{ "<host>:1", -1 },
		{ "'a'", -1 },
		{ "a\\*:1", -1 },
		{ "a..b:1", -1 },
		{ ".a:1", -1 },
		{ "unix", -1 },
		{ "[12:1", -1 },
		{ "[cache.example]:1", -1 },
		{ "[cache]", -1 },
		{ "[::1]*:1", -1 },
		{ "a[.]b:1", -1 },
		{ "a[b.c]*:1", -1 },
		{ "m\xc3\xbcnchen:1", -1 },
		{ "127.1:1", -1 },
		{ "0x7f.1:1", -1 },
		{ "2130706433:1", -1 },
		{ "0177.0.0.1:1", -1 },
		{ "10.0.0.256:1", -1 },
		{ "010.*:1", -1 },
		{ "10.01.*:1", -1 },
		{ "[2001:0db8:*]:1", -1 },
		{ "[a:b]:1", -1 },
		{ "[cache:*.test]:1", -1 },
		{ "[fe80::*%@]:1", -1 },
		{ "[10.*]:1", -1 },
		{ "[*]:1", -1 },
		{ "[fe80::1%eth0]:1", 0 },
		{ "[fe80::*%eth0]:1", 0 },
		{ "[2001:db8::[12]]:1121[12]", 0 },
		{ X100 "/8", -1 },
		{ "unix:", -1 },
		{ "unix:/" X100 X100, -1 },
	};

	for (EACH(r, rows)) {
		struct allow *a = allow_new();
		struct error e = { 0 };

		check_number(r->rule, allow_add(a, r->rule, &e), r->result);
		check_number(r->rule, e.text[0] != '\0', r->result < 0);
		check_number(r->rule, allow_is_empty(a), r->result < 0);
		allow_free(a);
	}
}

/* Without the text: there may be a password in it. */
TEST(errors)
{
	static const struct {
		const char *rule;
		const char *error;
	} rows[] = {
		{ "tcp://h", FORM },
		{ "user:pw@h:1",
		    FORM ", without user and password: --memcached.username "
			 "and --memcached.password-file, or a module's auth, "
			 "set these" },
		{ "h:0",
		    "expected a port from 1 to 65535, or a glob of them such "
		    "as 1121?" },
		{ "unix:", "a socket's path has 1 to 107 characters" },
	};

	for (EACH(r, rows)) {
		struct allow *a = allow_new();
		struct error e;

		check_number(r->rule, allow_add(a, r->rule, &e), -1);
		check_text(r->rule, span_of(e.text), r->error);
		allow_free(a);
	}
}

/* A target that is a name, or not in the list for its address alone. */
TEST(targets)
{
	static const struct {
		const char *rules[4];
		const char *target;
		enum verdict verdict;
	} rows[] = {
		{ { NULL }, "name", ALLOW_YES },
		{ { NULL }, "10.0.0.1:1", ALLOW_YES },
		{ { NULL }, "/run/x", ALLOW_NO },

		{ { "name" }, "name", ALLOW_YES },
		{ { "name" }, "NAME:11211", ALLOW_YES },
		{ { "Name:1" }, "nAME:1", ALLOW_YES },
		{ { "name" }, "name:1", ALLOW_NO },
		{ { "name:1" }, "name:11", ALLOW_NO },
		{ { "name:1" }, "name.:1", ALLOW_YES },
		{ { "n*e:1" }, "name.:1", ALLOW_YES },
		{ { "name.:1" }, "name.:1", ALLOW_YES },
		{ { "name.:1" }, "name:1", ALLOW_NO },
		{ { "name:1" }, "aname:1", ALLOW_NO },
		{ { "localhost:1" }, ":1", ALLOW_YES },
		{ { "name:1" }, ":1", ALLOW_NO },
		{ { "n*:1" }, "name.example:1", ALLOW_NO },
		{ { "n*.*:1" }, "name.example:1", ALLOW_YES },
		{ { "n*.example:1" }, "name.evil.example:1", ALLOW_NO },
		{ { "n*.example:1" }, "n.example.:1", ALLOW_YES },
		{ { "cache-*:*" }, "cache-.attacker.test", ALLOW_NO },
		{ { "cache-*:*" }, "cache-1", ALLOW_YES },
		{ { "cache-*:*" }, "cache-1.", ALLOW_YES },
		{ { "cache-?:*" }, "cache-.", ALLOW_NO },
		{ { "cache?attacker" }, "cache.attacker", ALLOW_NO },
		{ { "cache[!a]attacker" }, "cache.attacker", ALLOW_NO },
		{ { "cache[--0]attacker" }, "cache.attacker", ALLOW_NO },
		{ { "*.*" }, "a.b.c", ALLOW_NO },
		{ { "n?me:1" }, "nme:1", ALLOW_NO },
		{ { "n[!a]me:1" }, "name:1", ALLOW_NO },
		{ { "name:112*" }, "name:11211", ALLOW_YES },
		{ { "name:112?" }, "name:11211", ALLOW_NO },
		{ { "*" }, "10.0.0.1", ALLOW_YES },
		{ { "*" }, "name", ALLOW_YES },
		{ { "*" }, "[::1]", ALLOW_YES },
		{ { "*" }, "a.b.c", ALLOW_YES },
		/* names are no addresses, nor the reverse */
		{ { "?*" }, "10.0.0.1", ALLOW_NO },
		{ { "*.*.*.*" }, "10.0.0.1", ALLOW_NO },
		{ { "fd*" }, "[fd00::1]", ALLOW_NO },
		{ { "f?*" }, "[fd00::1]", ALLOW_NO },
		{ { "1*" }, "[1::1]", ALLOW_NO },
		{ { "[1*:*]" }, "1.2.3.4", ALLOW_NO },
		{ { "1*" }, "1.2.3.4", ALLOW_YES },
		{ { "[2001:db8:*]" }, "[2001:db8::1]", ALLOW_YES },
		{ { "[2001:DB8:*]" }, "[2001:0db8:0::1]", ALLOW_YES },
		{ { "[2001:db8:*]" }, "[2001:db9::1]", ALLOW_NO },
		{ { "[2001:DB8:0::A]" }, "[2001:db8::a]", ALLOW_YES },
		{ { "[::*]" }, "[::ffff:127.0.0.1]", ALLOW_NO },
		{ { "[::ffff:10.0.0.1]" }, "10.0.0.1", ALLOW_YES },
		{ { "[fe80::1]" }, "[fe80::1%eth0]", ALLOW_NO },
		{ { "[fe80::1%eth0]" }, "[fe80::1%eth0]", ALLOW_YES },
		{ { "[fe80::*%eth0]" }, "[fe80::1%eth1]", ALLOW_NO },
		{ { "*:*" }, "/run/x", ALLOW_NO },
		{ { "[::*]:1" }, "[::1]:1", ALLOW_YES },
		{ { "[::*]:1" }, "[1::]:1", ALLOW_NO },

		{ { "10.*" }, "10.0.0.1", ALLOW_YES },
		{ { "10.*" }, "10.example", ALLOW_NO },
		{ { "10.*" }, "10.example.", ALLOW_NO },
		{ { "1?.0.0.1" }, "10.0.0.1", ALLOW_YES },
		{ { "[12]*:1" }, "1.example:1", ALLOW_NO },
		{ { "10.0.0.1" }, "[::ffff:10.0.0.1]", ALLOW_YES },
		{ { "1*.example" }, "10.example", ALLOW_YES },
		{ { "*-01:1" }, "cache-01:1", ALLOW_YES },
		{ { "*-[1-3]:1" }, "cache-2:1", ALLOW_YES },
		{ { "*-1:1" }, "10.0.0.1:1", ALLOW_NO },
		{ { "10.0.0.[1-3]:1" }, "10.0.0.2:1", ALLOW_YES },

		{ { "10.0.0.0/8" }, "10.255.0.1:1", ALLOW_YES },
		{ { "10.0.0.0/8" }, "11.0.0.0:1", ALLOW_NO },
		{ { "10.0.0.0/8" }, "name:1", ALLOW_RESOLVED },
		{ { "10.0.0.0/8" }, "10.example:1", ALLOW_RESOLVED },
		{ { "10.0.0.0/8" }, ":1", ALLOW_RESOLVED },
		{ { "10.0.0.0/8" }, "/run/x", ALLOW_NO },
		{ { "10.0.0.0/8:11211" }, "10.0.0.1", ALLOW_YES },
		{ { "10.0.0.0/8:11211" }, "10.0.0.1:22", ALLOW_NO },
		{ { "10.0.0.0/8:11211" }, "name", ALLOW_RESOLVED },
		{ { "10.0.0.0/8:11211" }, "name:22", ALLOW_NO },
		{ { "10.0.0.0/8:1121?" }, "10.0.0.1:11212", ALLOW_YES },
		{ { "[fd00::/8]:11211" }, "[fd00::1]", ALLOW_YES },
		{ { "[fd00::/8]:11211" }, "[fd00::1]:22", ALLOW_NO },
		{ { "[fd00::/8]" }, "[fd00::1]:22", ALLOW_YES },
		{ { "10.0.0.0/8:1", "11.0.0.0/8:2" }, "11.0.0.1:1", ALLOW_NO },
		{ { "11.0.0.0/8:2", "10.0.0.0/8:1" }, "name:2",
		    ALLOW_RESOLVED },
		{ { "10.0.0.0/8", "name:1" }, "name:1", ALLOW_YES },
		{ { "name:1", "10.0.0.0/8" }, "other:1", ALLOW_RESOLVED },
		{ { "name:1", "10.0.0.0/8" }, "11.0.0.1:1", ALLOW_NO },
		{ { "10.0.0.0/8", "11.0.0.0/8" }, "11.0.0.1:1", ALLOW_YES },

		{ { "unix:/run/x" }, "/run/x", ALLOW_YES },
		{ { "unix:/run/x" }, "unix:/run/x", ALLOW_YES },
		{ { "/run/x" }, "unix:///run/x", ALLOW_YES },
		{ { "unix:///run/x" }, "/run/x", ALLOW_YES },
		{ { "unix:/run/x" }, "/run/X", ALLOW_NO },
		{ { "unix:/run/x" }, "/run/xy", ALLOW_NO },
		{ { "unix:/run/*" }, "/run/x", ALLOW_NO },
		{ { "unix:/run/*" }, "/run/*", ALLOW_YES },
		{ { "unix:/run/x" }, "name", ALLOW_NO },
	};

	for (EACH(r, rows)) {
		struct allow *a = list_of(r->rules);
		struct address target;
		char row[100];
		struct error e;

		(void)snprintf(row, sizeof(row), "%s for %s",
		    r->rules[0] != NULL ? r->rules[0] : "nothing", r->target);
		check_number(row,
		    address_parse(&target, r->target, MEMCACHED_PORT, &e), 0);
		check_number(row, allow_target(a, &target), r->verdict);
		allow_free(a);
	}
}

TEST(endpoints)
{
	static const struct {
		const char *rules[3];
		const char *endpoint;
		bool allowed;
	} rows[] = {
		{ { "10.0.0.0/8" }, "10.0.0.0:1", true },
		{ { "10.0.0.0/8" }, "10.255.255.255:65535", true },
		{ { "10.0.0.0/8" }, "9.255.255.255:1", false },
		{ { "10.1.2.3/8" }, "10.9.9.9:1", true }, /* as people write */
		{ { "10.0.0.0/9" }, "10.127.255.255:1", true },
		{ { "10.0.0.0/9" }, "10.128.0.0:1", false },
		{ { "10.0.0.2/31" }, "10.0.0.3:1", true },
		{ { "10.0.0.2/31" }, "10.0.0.1:1", false },
		{ { "10.0.0.1/32" }, "10.0.0.1:1", true },
		{ { "10.0.0.1/32" }, "10.0.0.0:1", false },
		{ { "0.0.0.0/0" }, "255.255.255.255:1", true },
		{ { "0.0.0.0/0" }, "[::1]:1", false },
		{ { "10.0.0.0/8" }, "[::ffff:10.0.0.1]:1", true },
		{ { "10.0.0.0/8" }, "[::ffff:11.0.0.1]:1", false },
		{ { "10.0.0.0/8" }, "[::10.0.0.1]:1", false },
		{ { "::ffff:10.0.0.0/104" }, "10.0.0.1:1", true },
		{ { "::/0" }, "[ff::1]:1", true },
		{ { "::/0" }, "10.0.0.1:1", false },
		{ { "::1/128" }, "[::1]:1", true },
		{ { "::1/128" }, "[::2]:1", false },
		{ { "fd00::/8" }, "[fdff::1]:1", true },
		{ { "fd00::/8" }, "[fe00::1]:1", false },
		{ { "2001:db8::/33" }, "[2001:db8:7fff::]:1", true },
		{ { "2001:db8::/33" }, "[2001:db8:8000::]:1", false },
		{ { "*:*", "name" }, "10.0.0.1:1", false },
		{ { "unix:/run/x" }, "/run/x", false },
		{ { "name", "10.0.0.0/8" }, "10.0.0.1:1", true },
		{ { NULL }, "10.0.0.1:1", false },
		{ { "0.0.0.0/0", "::/0" }, "/run/x", false },
		{ { "10.0.0.0/8:1" }, "10.0.0.1:1", true },
		{ { "10.0.0.0/8:1" }, "10.0.0.1:2", false },
		{ { "10.0.0.0/8:1", "11.0.0.0/8:2" }, "11.0.0.1:1", false },
		{ { "[fd00::/8]:1" }, "[fd00::1]:1", true },
		{ { "[fd00::/8]:1" }, "[fd00::1]:2", false },
	};

	for (EACH(r, rows)) {
		struct allow *a = list_of(r->rules);
		struct address address;
		struct endpoint ep;
		char row[100];
		struct error e;

		(void)snprintf(row, sizeof(row), "%s for %s",
		    r->rules[0] != NULL ? r->rules[0] : "nothing", r->endpoint);
		check_number(
		    row, address_parse(&address, r->endpoint, -1, &e), 0);
		check(row, address_endpoint(&address, &ep));
		check_number(row, allow_endpoint(a, &ep), r->allowed);
		allow_free(a);
	}
}

TEST(too_many)
{
	struct allow *a = allow_new();
	struct error e;

	for (int i = 0; i < ALLOW_RULES_MAX; i++)
		check_number("fits", allow_add(a, "name", &e), 0);
	check_number("one more", allow_add(a, "name", &e), -1);
	allow_free(a);
}

TEST(equality)
{
	static const struct {
		const char *a[3], *b[3];
		bool equal;
	} rows[] = {
		{ { NULL }, { NULL }, true },
		{ { "a" }, { NULL }, false },
		{ { "a" }, { "a:11211" }, true },
		{ { "a" }, { "b" }, false },
		{ { "a" }, { "a:1" }, false },
		{ { "a:*" }, { "a:1" }, false },
		{ { "*:1" }, { "*:1" }, true },
		{ { "*:1" }, { "?:1" }, false },
		{ { "a", "b" }, { "b", "a" }, false },
		{ { "a", "b" }, { "a" }, false },
		{ { "10.0.0.0/8" }, { "10.0.0.0/8:*" }, true },
		{ { "10.0.0.0/8" }, { "10.0.0.0/9" }, false },
		{ { "10.0.0.0/8" }, { "11.0.0.0/8" }, false },
		{ { "/run/a" }, { "unix:/run/a" }, true },
		{ { "/run/a" }, { "/run/b" }, false },
	};

	for (EACH(r, rows)) {
		struct allow *a = list_of(r->a), *b = list_of(r->b);

		check_number(r->a[0], allow_equal(a, b), r->equal);
		check_number(r->a[0], allow_equal(b, a), r->equal);
		allow_free(a);
		allow_free(b);
	}
}

TEST(no_lists)
{
	struct allow *a = allow_new();

	check("nothing", allow_equal(NULL, NULL));
	check("one", !allow_equal(a, NULL) && !allow_equal(NULL, a));
	allow_free(a);
}

TEST(holding)
{
	struct allow *a = allow_new(), *same = allow_hold(a);
	struct error e;

	allow_free(a);
	check_number("held", allow_add(same, "name", &e), 0);
	allow_free(same);
	check("nothing", allow_hold(NULL) == NULL);
	allow_free(NULL);
}

TESTS("allow", T(adding), T(errors), T(targets), T(endpoints), T(too_many),
    T(equality), T(no_lists), T(holding))
