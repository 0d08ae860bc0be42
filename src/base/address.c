#include "base/address.h"

#include <sys/un.h>

#include <linux/vm_sockets.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>

#include "base/parse.h"
#include "base/span.h"

#define PATH_MAX_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)
#define PORT_TEXT_MAX 12 /* 32 bits, and a NUL */
#define VSOCK "vsock://"
_Static_assert(ADDRESS_HOST_MAX >= PATH_MAX_BYTES, "a path must fit in host");

static int
set_host(struct address *a, struct span host)
{
	/* "unix:11211" is a socket's path, so no host is called unix */
	if (host.len >= sizeof(a->host) || span_is(host, "unix"))
		return -1;
	for (size_t i = 0; i < host.len; i++) {
		if (host.p[i] <= ' ' || host.p[i] > '~')
			return -1;
	}
	memcpy(a->host, host.p, host.len);
	a->host[host.len] = '\0';
	return 0;
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

/* Cuts "host" or "[v6]" off the front; what is left is "" or ":port". */
static int
take_host(struct span *rest, struct span *host)
{
	const char *end;

	if (rest->len > 0 && rest->p[0] == '[') {
		end = memchr(rest->p, ']', rest->len);
		if (end == NULL)
			return -1;
		*host =
		    (struct span){ rest->p + 1, (size_t)(end - rest->p) - 1 };
		if (memchr(host->p, ':', host->len) == NULL)
			return -1;
		end++;
	} else {
		end = memchr(rest->p, ':', rest->len);
		if (end == NULL)
			end = rest->p + rest->len;
		*host = (struct span){ rest->p, (size_t)(end - rest->p) };
	}
	rest->len -= (size_t)(end - rest->p);
	rest->p = end;
	return 0;
}

/* Any port will do, even 0. */
static int
parse(struct address *a, const char *text, int default_port, struct error *e)
{
	struct address got = { .port = (uint16_t)default_port };
	struct span rest = span_of(text), host;
	bool bad;

	if (span_begins(rest, "unix:")) {
		rest.p += strlen("unix:");
		rest.len -= strlen("unix:");
		got.is_path = true;
	}
	if (got.is_path || memchr(rest.p, '/', rest.len) != NULL) {
		if (set_path(&got, rest, e) < 0)
			return -1;
		*a = got;
		return 0;
	}
	bad = take_host(&rest, &host) < 0 || set_host(&got, host) < 0;
	if (!bad && rest.len > 0) {
		rest.p++;
		rest.len--;
		bad = rest.p[-1] != ':' || set_port(&got, rest) < 0;
	} else if (!bad) {
		bad = default_port < 0 || host.len == 0;
	}
	if (bad)
		return error_set(
		    e, "expected host:port, [v6]:port or the path of a socket");
	*a = got;
	return 0;
}

/*
 * What is to be connected to has a name, and may have to prove that it is it.
 * In certificates and rules names have no dot at the end.
 */
static int
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
	return a->host[0] == '\0' || a->host[0] == '.' ? -1 : 0;
}

int
address_parse(
    struct address *a, const char *text, int default_port, struct error *e)
{
	struct address got = { 0 };

	if (span_begins(span_of(text), VSOCK))
		return error_set(
		    e, "a vsock address is to listen on, not to connect to");
	if (parse(&got, text, default_port, e) < 0)
		return -1;
	if (!got.is_path && got.port == 0)
		return error_set(
		    e, "expected host:port with a port from 1 to 65535");
	if (!got.is_path && set_name(&got) < 0)
		return error_set(e, "a host does not begin with a dot");
	*a = got;
	return 0;
}

int
address_parse_listen(struct address *a, const char *text, struct error *e)
{
	struct span all = span_of(text);
	uint64_t n;

	if (!span_begins(all, VSOCK))
		return parse(a, text, -1, e);
	if (!span_begins(all, VSOCK ":") ||
	    parse_u64(span_of(text + strlen(VSOCK ":")), &n) < 0 ||
	    n >= VMADDR_PORT_ANY)
		return error_set(e, "expected vsock://:port");
	*a = (struct address){ .is_vsock = true, .port = (uint32_t)n };
	return 0;
}

static void
put_text(char text[ADDRESS_TEXT_MAX], const char *host, const char *port)
{
	bool v6 = strchr(host, ':') != NULL;

	(void)snprintf(text, ADDRESS_TEXT_MAX, "%s%s%s:%s", v6 ? "[" : "", host,
	    v6 ? "]" : "", port);
}

void
address_text(const struct address *a, char text[ADDRESS_TEXT_MAX])
{
	char port[PORT_TEXT_MAX], host[ADDRESS_HOST_MAX + 1];

	if (a->is_path) {
		(void)snprintf(text, ADDRESS_TEXT_MAX, "unix:%s", a->host);
		return;
	}
	if (a->is_vsock) {
		(void)snprintf(text, ADDRESS_TEXT_MAX, VSOCK ":%u", a->port);
		return;
	}
	(void)snprintf(port, sizeof(port), "%u", a->port);
	(void)snprintf(
	    host, sizeof(host), "%s%s", a->host, a->is_absolute ? "." : "");
	put_text(text, host, port);
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

bool
address_endpoint(const struct address *a, struct endpoint *ep)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[PORT_TEXT_MAX];

	if (a->is_path) {
		path_endpoint(a->host, ep);
		return true;
	}
	if (a->is_vsock) {
		vsock_endpoint(a->port, ep);
		return true;
	}
	if (a->host[0] == '\0')
		return false;
	(void)snprintf(port, sizeof(port), "%u", a->port);
	if (getaddrinfo(a->host, port, &hints, &found) != 0)
		return false;
	*ep = (struct endpoint){ .len = found->ai_addrlen };
	memcpy(&ep->sa, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
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

void
endpoint_text(const struct endpoint *ep, char text[ADDRESS_TEXT_MAX])
{
	const struct sockaddr *sa = (const struct sockaddr *)&ep->sa;
	char host[ADDRESS_HOST_MAX] = "?", port[PORT_TEXT_MAX] = "?";

	if (sa->sa_family == AF_UNIX) {
		unix_text(ep, text);
		return;
	}
	if (sa->sa_family == AF_VSOCK) {
		vsock_text((const struct sockaddr_vm *)sa, text);
		return;
	}
	(void)getnameinfo(sa, ep->len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV);
	put_text(text, host, port);
}
