#include "base/address.h"

#include <sys/un.h>

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/span.h"

#define PATH_MAX_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)
#define PORT_TEXT_MAX 12 /* 32 bits, and a NUL */
#define UNIX "unix:"
#define VSOCK "vsock://"
_Static_assert(ADDRESS_HOST_MAX >= PATH_MAX_BYTES, "a path must fit in host");

/* What an address is for. */
enum use {
	USE_CONNECT,
	USE_LISTEN
};

static const char *const expected[] = {
	[USE_CONNECT] =
	    "expected host:port, [IPv6]:port or the path of a unix socket",
	[USE_LISTEN] = "expected host:port, :port, [IPv6]:port, unix:/path or "
		       "vsock://:port",
};

/* What a text that is no address looks like, and what to do then. */
static const struct {
	const char *signs;
	const char *advice[nitems(expected)];
} hints[] = {
	{ "@",
	    { "without user and password: --memcached.username and "
	      "--memcached.password-file set these",
		"without user and password: --web.config.file sets users" } },
	{ ",; \t\r\n",
	    { "one alone: several servers are scraped with /scrape?target=",
		"one alone: for several, repeat the flag" } },
};

/* Never shows the text: there may be a password in it. */
static int
refuse(const char *text, enum use use, struct error *e)
{
	struct span host = { text, strcspn(text, ":/") };
	char good[HOST_MAX];

	for (size_t i = 0; i < nitems(hints); i++) {
		if (strpbrk(text, hints[i].signs) != NULL)
			return error_set(
			    e, "%s, %s", expected[use], hints[i].advice[use]);
	}
	if (host_is_numbers(host) && host_parse(host, good) < 0 &&
	    (text[host.len] == ':' || strchr(text, '.') != NULL))
		return error_set(e,
		    "%s; an IPv4 address has four decimal numbers",
		    expected[use]);
	return error_set(e, "%s", expected[use]);
}

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

static int
set_path(struct address *a, struct span path, struct error *e)
{
	if (path.len == 0 || path.len >= PATH_MAX_BYTES)
		return error_set(e, "a socket's path has 1 to %zu characters",
		    PATH_MAX_BYTES - 1);
	a->is_path = true;
	memcpy(a->host, path.p, path.len);
	a->host[path.len] = '\0';
	return 0;
}

static int
set_port(struct address *a, struct span port)
{
	uint64_t n;

	if (parse_u64(port, &n) < 0 || n > UINT16_MAX)
		return -1;
	a->port = (uint16_t)n;
	return 0;
}

/*
 * Takes "unix:" off; false for what is no path. None begins with two slashes:
 * that is the rest of a URL.
 */
static bool
take_path(struct span *text)
{
	bool is_path = span_begins(*text, UNIX);

	if (span_begins(*text, UNIX "///"))
		*text = skip(*text, strlen(UNIX "//"));
	else if (is_path)
		*text = skip(*text, strlen(UNIX));
	else
		is_path = span_begins(*text, "/") || span_begins(*text, "./") ||
			  span_begins(*text, "../");
	return is_path && !span_begins(*text, "//");
}

/* Takes "host" or "[v6]" off the front; what is left is "" or ":port". */
static int
take_host(struct address *a, struct span *rest, enum use use)
{
	bool v6 = span_begins(*rest, "[");
	const char *end = memchr(rest->p, v6 ? ']' : ':', rest->len);
	struct span host = *rest;

	if (end == NULL && v6)
		return -1;
	host.len = end != NULL ? (size_t)(end - rest->p) : rest->len;
	*rest = skip(*rest, host.len + v6);
	if (v6)
		return host_parse_v6(skip(host, 1), a->host);
	if (use == USE_LISTEN && span_is(host, "*"))
		host.len = 0;
	/* "unix:11211" is a socket's path, so no host is called unix */
	return span_is(host, "unix") ? -1 : host_parse(host, a->host);
}

/* Any port will do, even 0. */
static int
parse(struct address *a, const char *text, int default_port, enum use use,
    struct error *e)
{
	struct address got = { .port = (uint16_t)default_port };
	struct span rest = span_of(text);
	bool bad;

	if (take_path(&rest)) {
		if (set_path(&got, rest, e) < 0)
			return -1;
		*a = got;
		return 0;
	}
	bad = take_host(&got, &rest, use) < 0;
	if (!bad && rest.len > 0)
		bad = rest.p[0] != ':' || set_port(&got, skip(rest, 1)) < 0;
	else if (!bad)
		bad = default_port < 0 || got.host[0] == '\0';
	if (bad)
		return refuse(text, use, e);
	*a = got;
	return 0;
}

/*
 * What is to be connected to has a name, and may have to prove that it is it.
 * In certificates and rules names have no dot at the end.
 */
static void
set_name(struct address *a)
{
	static const char loopback[] = "localhost";
	size_t len = strlen(a->host);

	if (len == 0) {
		memcpy(a->host, loopback, sizeof(loopback));
	} else if (a->host[len - 1] == '.') {
		a->is_absolute = true;
		a->host[len - 1] = '\0';
	}
}

int
address_parse(
    struct address *a, const char *text, int default_port, struct error *e)
{
	struct address got = { 0 };

	if (parse(&got, text, default_port, USE_CONNECT, e) < 0)
		return -1;
	if (!got.is_path && got.port == 0)
		return error_set(
		    e, "expected host:port with a port from 1 to 65535");
	if (!got.is_path)
		set_name(&got);
	*a = got;
	return 0;
}

int
address_parse_listen(struct address *a, const char *text, struct error *e)
{
	struct span all = span_of(text);
	uint64_t n;

	if (!span_begins(all, VSOCK))
		return parse(a, text, -1, USE_LISTEN, e);
	if (!span_begins(all, VSOCK ":") ||
	    parse_u64(span_of(text + strlen(VSOCK ":")), &n) < 0 ||
	    n >= UINT32_MAX) /* VMADDR_PORT_ANY */
		return error_set(e, "expected vsock://:port");
	*a = (struct address){ .is_vsock = true, .port = (uint32_t)n };
	return 0;
}

void
address_echo(const char *text, char out[ADDRESS_ECHO_MAX])
{
	const char *at = strrchr(text, '@');
	bool hides = at != NULL && at > text;

	(void)snprintf(out, ADDRESS_ECHO_MAX, "%s%s", hides ? "***" : "",
	    hides ? at : text);
}

void
address_text(const struct address *a, char text[ADDRESS_TEXT_MAX])
{
	bool v6 = strchr(a->host, ':') != NULL;

	if (a->is_path)
		(void)snprintf(text, ADDRESS_TEXT_MAX, UNIX "%s", a->host);
	else if (a->is_vsock)
		(void)snprintf(text, ADDRESS_TEXT_MAX, VSOCK ":%u", a->port);
	else
		(void)snprintf(text, ADDRESS_TEXT_MAX, "%s%s%s%s:%u",
		    v6 ? "[" : "", a->host, a->is_absolute ? "." : "",
		    v6 ? "]" : "", a->port);
}

static void
path_endpoint(const char *path, struct endpoint *ep)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ep->sa;

	*ep = (struct endpoint){ .len = sizeof(*un) };
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
}

/* Port 0 is any, as for TCP. */
static void
vsock_endpoint(uint32_t port, struct endpoint *ep)
{
	struct sockaddr_vm *vm = (struct sockaddr_vm *)&ep->sa;

	*ep = (struct endpoint){ .len = sizeof(*vm) };
	vm->svm_family = AF_VSOCK;
	vm->svm_cid = VMADDR_CID_ANY;
	vm->svm_port = port != 0 ? port : VMADDR_PORT_ANY;
}

static bool
four_endpoint(const struct address *a, struct endpoint *ep)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&ep->sa;

	*ep = (struct endpoint){ .len = sizeof(*four) };
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)a->port);
	return inet_pton(AF_INET, a->host, &four->sin_addr) == 1;
}

/* A zone without an interface stays 0, where connect(2) fails. */
static bool
six_endpoint(const struct address *a, struct endpoint *ep)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&ep->sa;
	size_t len = strcspn(a->host, "%");
	char host[INET6_ADDRSTRLEN];
	uint64_t number;

	*ep = (struct endpoint){ .len = sizeof(*six) };
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)a->port);
	(void)snprintf(host, sizeof(host), "%.*s", (int)len, a->host);
	if (a->host[len] != '\0') {
		const char *zone = a->host + len + 1;

		six->sin6_scope_id = if_nametoindex(zone);
		if (six->sin6_scope_id == 0 &&
		    parse_u64(span_of(zone), &number) == 0)
			six->sin6_scope_id = (uint32_t)number;
	}
	return inet_pton(AF_INET6, host, &six->sin6_addr) == 1;
}

bool
address_endpoint(const struct address *a, struct endpoint *ep)
{
	struct endpoint got;

	if (a->is_path) {
		path_endpoint(a->host, ep);
		return true;
	}
	if (a->is_vsock) {
		vsock_endpoint(a->port, ep);
		return true;
	}
	if (!(strchr(a->host, ':') != NULL ? six_endpoint : four_endpoint)(
		a, &got))
		return false;
	*ep = got;
	return true;
}

unsigned
endpoint_port(const struct endpoint *ep)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&ep->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&ep->sa;

	if (ep->sa.ss_family == AF_INET)
		return ntohs(four->sin_port);
	return ep->sa.ss_family == AF_INET6 ? ntohs(six->sin6_port) : 0;
}

static void
unix_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX])
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&ep->sa;
	size_t len = ep->len - offsetof(struct sockaddr_un, sun_path);
	bool abstract = len > 1 && un->sun_path[0] == '\0';

	(void)snprintf(text, ADDRESS_TEXT_MAX, "unix:%s%.*s",
	    abstract ? "@" : "", (int)(len - abstract),
	    un->sun_path + abstract);
}

/* Of any of this machine's, as it is written to listen there. */
static void
vsock_text(const struct sockaddr_vm *vm, char text[ADDRESS_TEXT_MAX])
{
	char cid[PORT_TEXT_MAX] = "";

	if (vm->svm_cid != VMADDR_CID_ANY)
		(void)snprintf(cid, sizeof(cid), "%u", vm->svm_cid);
	(void)snprintf(
	    text, ADDRESS_TEXT_MAX, VSOCK "%s:%u", cid, vm->svm_port);
}

static void
six_text(const struct sockaddr_in6 *six, char text[ADDRESS_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE] = "";
	uint32_t id = six->sin6_scope_id;

	(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
	if (id != 0 && if_indextoname(id, zone) == NULL)
		(void)snprintf(zone, sizeof(zone), "%u", id);
	(void)snprintf(text, ADDRESS_TEXT_MAX, "[%s%s%s]:%u", host,
	    zone[0] != '\0' ? "%" : "", zone, ntohs(six->sin6_port));
}

static void
four_text(const struct sockaddr_in *four, char text[ADDRESS_TEXT_MAX])
{
	char host[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
	(void)snprintf(
	    text, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(four->sin_port));
}

void
endpoint_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX])
{
	switch (ep->sa.ss_family) {
	case AF_UNIX:
		unix_text(ep, text);
		break;
	case AF_VSOCK:
		vsock_text((const struct sockaddr_vm *)&ep->sa, text);
		break;
	case AF_INET:
		four_text((const struct sockaddr_in *)&ep->sa, text);
		break;
	case AF_INET6:
		six_text((const struct sockaddr_in6 *)&ep->sa, text);
		break;
	default:
		(void)snprintf(text, ADDRESS_TEXT_MAX, "?:?");
	}
}
