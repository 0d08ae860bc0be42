/* TLS to memcached: what can be told without a server. */
#include "memcached/tls.h"

#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/module.h"
#include "support.h"

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X300 X100 X100 X100

/* Without a name to verify there is no connection: any server would do. */
TEST(names)
{
	static const struct {
		const char *server_name;
		const char *host;
		bool ok;
	} rows[] = {
		{ "", "cache.example", true },
		{ "", "127.0.0.1", true },
		{ "", "::1", true },
		{ "cache.example", "", true },
		{ "", "", false },
		{ "", X300, false },
		{ X300, "cache.example", false },
	};
	struct event_base *base = event_base_new();

	for (EACH(r, rows)) {
		struct module_config m = { .tls.min_version = TLS_VERSION_12 };
		struct tls_session *session = tls_session_new();
		struct error e = { 0 };
		struct bufferevent *bev;
		struct tls *tls;
		int fds[2];

		m.tls.server_name = xstrdup(r->server_name);
		tls = tls_new(&m.tls, NULL, &e);
		check_number(
		    r->host, socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		bev = tls_bufferevent(tls, base, fds[0], session, r->host, &e);
		check_number(r->host, bev != NULL, r->ok);
		check_number(r->host, e.reason, r->ok ? 0 : REASON_TLS);
		if (bev != NULL)
			bufferevent_free(bev);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		check_number(r->host, fcntl(fds[0], F_GETFD), -1);
		(void)close(fds[1]);
		tls_free(tls);
		tls_session_free(session);
		module_config_free(&m);
	}
	event_base_free(base);
}

/* What a certificate must have: no zone, which is of this machine. */
TEST(addresses)
{
	static const struct {
		const char *host, *address;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1" },
		{ "fe80::1", "FE80:0:0:0:0:0:0:1" },
		{ "fe80::1%eth0", "FE80:0:0:0:0:0:0:1" },
		{ "cache.example", NULL },
	};
	struct event_base *base = event_base_new();
	struct module_config m = { .tls.min_version = TLS_VERSION_12 };
	struct error e = { 0 };
	struct tls *tls = tls_new(&m.tls, NULL, &e);

	for (EACH(r, rows)) {
		struct tls_session *session = tls_session_new();
		struct bufferevent *bev;
		SSL *ssl;
		char *ip;
		int fds[2];

		check_number(
		    r->host, socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		bev = tls_bufferevent(tls, base, fds[0], session, r->host, &e);
		ssl = bufferevent_openssl_get_ssl(bev);
		ip = X509_VERIFY_PARAM_get1_ip_asc(SSL_get0_param(ssl));
		check(r->host, (ip == NULL) == (r->address == NULL));
		if (ip != NULL)
			check_text(r->host, span_of(ip), r->address);
		check(r->host,
		    (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ==
			NULL) == (r->address != NULL));
		OPENSSL_free(ip);
		bufferevent_free(bev);
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		(void)close(fds[1]);
		tls_session_free(session);
	}
	tls_free(tls);
	event_base_free(base);
}

TESTS("tls", T(names), T(addresses))
