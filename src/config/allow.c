#include "config/allow.h"

#include <sys/queue.h>

#include <arpa/inet.h>
#include <fnmatch.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"

#define ADDRESS_BYTES 16

/* Any address as IPv6, IPv4 ones mapped (RFC 4291, section 2.5.5.2). */
struct network {
	uint8_t bytes[ADDRESS_BYTES];
	unsigned bits;
};

/* One rule: exactly one of the three. */
struct rule {
	STAILQ_ENTRY(rule) entry;
	bool is_network;
	struct network network;
	char *path;
	char *host; /* globs */
	char *port;
};

struct allow {
	STAILQ_HEAD(, rule) rules;
	size_t len;
	unsigned holds;
};

struct allow *
allow_new(void)
{
	struct allow *a = xcalloc(1, sizeof(*a));

	STAILQ_INIT(&a->rules);
	a->holds = 1;
	return a;
}

struct allow *
allow_hold(struct allow *a)
{
	if (a != NULL)
		a->holds++;
	return a;
}

static void
rule_free(struct rule *r)
{
	free(r->path);
	free(r->host);
	free(r->port);
	free(r);
}

void
allow_free(struct allow *a)
{
	struct rule *r;

	if (a == NULL || --a->holds > 0)
		return;
	while ((r = STAILQ_FIRST(&a->rules)) != NULL) {
		STAILQ_REMOVE_HEAD(&a->rules, entry);
		rule_free(r);
	}
	free(a);
}

bool
allow_is_empty(const struct allow *a)
{
	return STAILQ_EMPTY(&a->rules);
}

static void
map_v4(uint8_t bytes[ADDRESS_BYTES], const struct in_addr *v4)
{
	memset(bytes, 0, ADDRESS_BYTES);
	bytes[10] = bytes[11] = 0xff;
	memcpy(bytes + 12, v4, sizeof(*v4));
}

/* "address/bits". */
static int
parse_network(struct network *n, const char *text)
{
	const char *slash = strrchr(text, '/');
	char host[INET6_ADDRSTRLEN];
	struct in_addr v4;
	uint64_t bits;
	size_t len = (size_t)(slash - text);

	if (len >= sizeof(host) || parse_u64(span_of(slash + 1), &bits) < 0)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &v4) == 1 && bits <= 32) {
		map_v4(n->bytes, &v4);
		n->bits = (unsigned)bits + 96;
		return 0;
	}
	if (inet_pton(AF_INET6, host, n->bytes) != 1 || bits > 128)
		return -1;
	n->bits = (unsigned)bits;
	return 0;
}

static char *
default_port(void)
{
	char port[8];

	(void)snprintf(port, sizeof(port), "%d", MEMCACHED_PORT);
	return xstrdup(port);
}

/* "host", "host:port", "[v6]:port" into its globs. */
static int
parse_glob(struct rule *r, const char *text)
{
	const char *colon = strrchr(text, ':'), *end = strchr(text, ']');
	size_t len;

	/* "[::1]:11211", but not "[12]*" */
	if (text[0] == '[' && end != NULL &&
	    memchr(text, ':', (size_t)(end - text)) != NULL) {
		if (end[1] != '\0' && end[1] != ':')
			return -1;
		colon = end[1] == ':' ? end + 1 : NULL;
		text++;
		len = (size_t)(end - text);
	} else {
		len = colon != NULL ? (size_t)(colon - text) : strlen(text);
		if (memchr(text, ':', len) != NULL ||
		    span_begins(span_of(text), "[]"))
			return -1;
	}
	if (len == 0 || (colon != NULL && colon[1] == '\0'))
		return -1;
	r->host = xstrndup(text, len);
	r->port = colon != NULL ? xstrdup(colon + 1) : default_port();
	return 0;
}

int
allow_add(struct allow *a, const char *text, struct error *e)
{
	struct rule *r = xcalloc(1, sizeof(*r));
	struct address path;
	int bad;

	if (strncmp(text, "unix:", 5) == 0) {
		bad = address_parse(&path, text, -1, e);
		r->path = bad == 0 ? xstrdup(path.host) : NULL;
	} else if (strchr(text, '/') != NULL) {
		r->is_network = true;
		bad = parse_network(&r->network, text);
	} else {
		bad = parse_glob(r, text);
	}
	if (bad < 0 || a->len == ALLOW_RULES_MAX) {
		rule_free(r);
		return error_set(e,
		    bad < 0 ? "expected host:port (globs), a network such as "
			      "10.0.0.0/8, or unix:/path"
			    : "too many rules");
	}
	STAILQ_INSERT_TAIL(&a->rules, r, entry);
	a->len++;
	return 0;
}

/* What only numbers can match: digits and no letters ("*" has neither). */
static bool
is_numeric_glob(const char *host)
{
	return strpbrk(host, "0123456789:") != NULL &&
	       strspn(host, "0123456789.:*?[]-!") == strlen(host);
}

/* A rule without a dot at its end is for names with one, too. */
static bool
host_matches(const char *glob, const struct address *target)
{
	char dotted[ADDRESS_HOST_MAX + 1];

	(void)snprintf(dotted, sizeof(dotted), "%s.", target->host);
	return fnmatch(glob, target->host, FNM_CASEFOLD) == 0 ||
	       (target->is_absolute &&
		   fnmatch(glob, dotted, FNM_CASEFOLD) == 0);
}

static bool
glob_matches(const struct rule *r, const struct address *target, bool numeric)
{
	char port[8];

	(void)snprintf(port, sizeof(port), "%u", target->port);
	if (is_numeric_glob(r->host) && !numeric)
		return false;
	return host_matches(r->host, target) && fnmatch(r->port, port, 0) == 0;
}

static bool
in_network(const struct network *n, const uint8_t bytes[ADDRESS_BYTES])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	/* ::/0 is all of IPv6, and nothing of IPv4 */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0 && n->bits < 96)
		return false;

	if (memcmp(n->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((n->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

bool
allow_endpoint(const struct allow *a, const struct endpoint *ep)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&ep->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&ep->sa;
	uint8_t bytes[ADDRESS_BYTES];
	const struct rule *r;

	if (ep->sa.ss_family == AF_INET)
		map_v4(bytes, &four->sin_addr);
	else if (ep->sa.ss_family == AF_INET6)
		memcpy(bytes, &six->sin6_addr, ADDRESS_BYTES);
	else
		return false;
	STAILQ_FOREACH (r, &a->rules, entry) {
		if (r->is_network && in_network(&r->network, bytes))
			return true;
	}
	return false;
}

enum verdict
allow_target(const struct allow *a, const struct address *target)
{
	enum verdict verdict = ALLOW_NO;
	const struct rule *r;
	struct endpoint ep;
	bool numeric = address_endpoint(target, &ep);

	if (STAILQ_EMPTY(&a->rules))
		return target->is_path ? ALLOW_NO : ALLOW_YES;
	STAILQ_FOREACH (r, &a->rules, entry) {
		if (r->path != NULL && target->is_path &&
		    strcmp(r->path, target->host) == 0)
			return ALLOW_YES;
		if (r->host != NULL && !target->is_path &&
		    glob_matches(r, target, numeric))
			return ALLOW_YES;
		if (r->is_network && !target->is_path)
			verdict = ALLOW_RESOLVED;
	}
	if (verdict == ALLOW_RESOLVED && numeric)
		return allow_endpoint(a, &ep) ? ALLOW_YES : ALLOW_NO;
	return verdict;
}
