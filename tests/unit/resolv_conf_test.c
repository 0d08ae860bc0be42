#include "memcached/resolv_conf.h"

#include "scratch.h"

/* The names that are asked for, and the servers, each list with blanks. */
TEST(files)
{
	static const struct {
		const char *name;
		struct span text;
		const char *host;
		const char *asked;
		const char *servers;
	} rows[] = {
		{ "search list", SPAN("nameserver 10.0.0.1\nsearch a.b c.\n"),
		    "h", "h.a.b h.c h", "10.0.0.1:53" },
		{ "a dot is enough",
		    SPAN("nameserver 10.0.0.1\nsearch a.b c\n"), "h.x",
		    "h.x h.x.a.b h.x.c", "10.0.0.1:53" },
		{ "more dots are needed",
		    SPAN("search a\noptions rotate ndots:3 timeout:9\n"),
		    "h.x.y", "h.x.y.a h.x.y", "127.0.0.1:53" },
		{ "no dots are needed", SPAN("search a\noptions ndots:0\n"),
		    "h", "h h.a", "127.0.0.1:53" },
		{ "a bound", SPAN("search a\noptions ndots:99\n"),
		    "h.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15",
		    "h.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15 "
		    "h.1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.a",
		    "127.0.0.1:53" },
		{ "no number", SPAN("search a\noptions ndots:x ndots:\n"), "h",
		    "h.a h", "127.0.0.1:53" },
		{ "the last list counts", SPAN("search a b\ndomain c\n"), "h",
		    "h.c h", "127.0.0.1:53" },
		{ "servers",
		    SPAN("nameserver 10.0.0.1\nnameserver ::1\n"
			 "nameserver 10.0.0.3 ; the last\n"
			 "nameserver 10.0.0.4\nsearch a\n"),
		    "h", "h.a h", "10.0.0.1:53 [::1]:53 10.0.0.3:53" },
		{ "ports",
		    SPAN("nameserver 10.0.0.1:5353\nnameserver [::1]:5354\n"
			 "search a\n"),
		    "h", "h.a h", "10.0.0.1:5353 [::1]:5354" },
		{ "no addresses",
		    SPAN("nameserver\nnameserver a.b\nnameserver 1.2.3\n"
			 "nameserver "
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
			 "search a\n"),
		    "h", "h.a h", "127.0.0.1:53" },
		{ "comments and blanks",
		    SPAN("# nameserver 10.0.0.9\n;search x\n\n"
			 "\t nameserver\t10.0.0.1 \r\nsearch a # b\r\n"),
		    "h", "h.a h", "10.0.0.1:53" },
		{ "no end of the last line", SPAN("search a"), "h", "h.a h",
		    "127.0.0.1:53" },
		{ "NUL", SPAN("search\0a\0\n"), "h", "h.a h", "127.0.0.1:53" },
	};

	for (EACH(r, rows)) {
		struct resolv_conf *c;
		char name[ADDRESS_HOST_MAX], text[ADDRESS_TEXT_MAX];
		struct buf out;

		write_file(r->text);
		c = resolv_conf_new(path);
		buf_init(&out, 4096);
		for (size_t n = 0;
		     resolv_conf_candidate(c, r->host, false, n, name); n++)
			buf_printf(&out, "%s%s", n > 0 ? " " : "", name);
		check_text(
		    r->name, ((struct span){ out.p, out.len }), r->asked);
		out.len = 0;
		for (size_t i = 0; i < c->servers_len; i++) {
			endpoint_text(&c->servers[i], text);
			buf_printf(&out, "%s%s", i > 0 ? " " : "", text);
		}
		check_text(
		    r->name, ((struct span){ out.p, out.len }), r->servers);
		check(
		    r->name, resolv_conf_candidate(c, r->host, true, 0, name));
		check_text(r->name, span_of(name), r->host);
		check(
		    r->name, !resolv_conf_candidate(c, r->host, true, 1, name));
		buf_release(&out);
		resolv_conf_release(c);
	}
}

TEST(no_file)
{
	struct resolv_conf *c = resolv_conf_new("/nowhere/resolv.conf");
	char text[ADDRESS_TEXT_MAX];

	check_number("none", c->servers_len, 1);
	endpoint_text(&c->servers[0], text);
	check_text("none", span_of(text), "127.0.0.1:53");
	check_number("none", c->ndots, 1);
	resolv_conf_release(c);
}

TEST(bounds)
{
	char name[ADDRESS_HOST_MAX], host[ADDRESS_HOST_MAX];
	struct resolv_conf *c;
	struct buf out;

	buf_init(&out, RESOLV_BYTES_MAX + 1);
	buf_add_str(&out, "search");
	for (int i = 0; i < 100; i++)
		buf_printf(&out, " d%d", i);
	buf_add_char(&out, '\n');
	write_file((struct span){ out.p, out.len });
	c = resolv_conf_new(path);
	check_number("domains", c->domains_len, RESOLV_DOMAINS_MAX);
	memset(host, 'x', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	check("too long", resolv_conf_candidate(c, host, false, 0, name));
	check_text("too long", span_of(name), "");
	check("long",
	    resolv_conf_candidate(c, host, false, RESOLV_DOMAINS_MAX, name));
	check_text("long", span_of(name), host);
	resolv_conf_release(c);
	while (out.len < RESOLV_BYTES_MAX + 1)
		buf_add_char(&out, '\n');
	write_file((struct span){ out.p, out.len });
	c = resolv_conf_new(path);
	check("too large", c->domains_len <= 1);
	resolv_conf_release(c);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { T(files), T(no_file), T(bounds) };

	return cmocka_run_group_tests_name(
	    "resolv_conf", tests, make_folder, remove_folder);
}
