#include "config/rule.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "config/network.h"

#define PORT_DIGITS_MAX 5
#define PORT_TEXT_MAX (PORT_DIGITS_MAX + 1)

#define FORM                                                                   \
	"expected host:port (globs), a network such as 10.0.0.0/8 or "         \
	"10.0.0.0/8:11211, or unix:/path"

enum kind {
	KIND_NETWORK,
	KIND_PATH,
	KIND_ANY,    /* host */
	KIND_NAME,   /* a glob for names, with '/' for each dot */
	KIND_NUMBER, /* a glob for addresses */
};

struct rule {
	enum kind kind;
	struct network network;
	char *text; /* the path, or the glob of the host */
	char *port; /* a glob; NULL: any */
};

void
rule_free(struct rule *r)
{
	if (r == NULL)
		return;
	free(r->text);
	free(r->port);
	free(r);
}

static int
refuse(struct error *e, const char *text)
{
	if (strchr(text, '@') != NULL)
		return error_set(e,
		    FORM ", without user and password: --memcached.username "
			 "and --memcached.password-file, or a module's auth, "
			 "set these");
	return error_set(e, FORM);
}

/* A rule's text in its parts. */
struct parts {
	struct span host;
	bool is_bracketed;
	const char *port; /* NULL: none */
};

/* Where the bracket that opens s is closed, or NULL: sets may be inside. */
static const char *
closing(const char *s)
{
	int depth = 0;

	for (; *s != '\0'; s++) {
		depth += (*s == '[') - (*s == ']');
		if (depth == 0)
			return s;
	}
	return NULL;
}

/* "host", "host:port", "[v6]" or "[v6]:port"; a network is a host here. */
static int
split(const char *text, struct parts *parts)
{
	const char *slash = strchr(text, '/'), *end;

	*parts = (struct parts){ .host = { text, 0 } };
	/* "[::1]:11211", but not "[12]*"; "[name]" is neither */
	end = text[0] == '[' ? closing(text) : NULL;
	if (end != NULL && (end[1] == '\0' || end[1] == ':')) {
		if (memchr(text, ':', (size_t)(end - text)) == NULL)
			return -1;
		parts->is_bracketed = true;
		parts->host.p++;
		parts->host.len = (size_t)(end - parts->host.p);
		end++;
	} else {
		end = strchrnul(slash != NULL ? slash : text, ':');
		parts->host.len = (size_t)(end - text);
	}
	if (*end == ':')
		parts->port = end + 1;
	return parts->host.len > 0 ? 0 : -1;
}

static bool
has_glob(struct span s)
{
	bool found = false;

	for (size_t i = 0; i < s.len && !found; i++)
		found = strchr("*?[", s.p[i]) != NULL;
	return found;
}

static bool
is_port_sign(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_v6_sign(char c)
{
	return isxdigit((unsigned char)c) || c == ':' || c == '.';
}

/* No port is written with a zero in front, nor has more than five digits. */
static int
set_port(struct rule *r, const char *text, struct error *e)
{
	struct span port = span_of(text);
	uint64_t n;
	size_t least;
	bool good;

	if (span_is(port, "*"))
		return 0;
	good = glob_check(port, is_port_sign, &least) && least > 0 &&
	       least <= PORT_DIGITS_MAX && port.p[0] != '0';
	if (good && parse_u64(port, &n) == 0)
		good = n <= UINT16_MAX;
	if (!good)
		return error_set(e,
		    "expected a port from 1 to 65535, or a glob of them such "
		    "as 1121?");
	r->port = xstrdup(text);
	return 0;
}

/*
 * Digits and no letters: what only an IPv4 address can match. A hyphen is one,
 * except for those of sets.
 */
static bool
is_number_glob(struct span s)
{
	bool digit = false, letter = false, set = false;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		set = c == '[' || (set && c != ']');
		digit |= isdigit((unsigned char)c) != 0;
		letter |= isalpha((unsigned char)c) != 0 || c == '_' ||
			  (c == '-' && !set);
	}
	return digit && !letter;
}

/* "01" and "0db8", as no address is written. */
static bool
has_leading_zero(struct span s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		bool begins = i == 0 || s.p[i - 1] == '.' || s.p[i - 1] == ':';

		if (begins && s.p[i] == '0' &&
		    isxdigit((unsigned char)s.p[i + 1]))
			return true;
	}
	return false;
}

static char *
name_glob(struct span host)
{
	char *glob = xstrndup(host.p, host.len);

	for (char *c = glob; *c != '\0'; c++) {
		if (*c == '.')
			*c = '/';
	}
	return glob;
}

static bool
is_host_glob(struct span s, bool is_v6)
{
	const char *percent = memchr(s.p, '%', s.len);
	struct span zone = { s.p, 0 };
	size_t least;

	if (!is_v6)
		return glob_check(s, host_is_name_char, &least);
	if (percent != NULL) {
		zone.p = percent + 1;
		zone.len = s.len - (size_t)(zone.p - s.p);
		s.len = (size_t)(percent - s.p);
	}
	return glob_check(s, is_v6_sign, &least) &&
	       glob_check(zone, host_is_name_char, &least);
}

/* A host as base/host.h has it, or a glob of them. */
static int
set_host(struct rule *r, struct span text, bool is_v6)
{
	bool number = is_v6 || is_number_glob(text), bad;
	char host[HOST_MAX];
	struct span kept = text;

	if (!is_v6 && span_is(text, "*")) {
		r->kind = KIND_ANY;
		return 0;
	}
	if (has_glob(text)) {
		bad = !is_host_glob(text, is_v6) ||
		      (number && has_leading_zero(text));
	} else {
		bad = span_is(text, "unix") ||
		      (is_v6 ? host_parse_v6 : host_parse)(text, host) < 0;
		kept = bad ? text : span_of(host);
	}
	if (bad)
		return -1;
	r->kind = number ? KIND_NUMBER : KIND_NAME;
	r->text = number ? xstrndup(kept.p, kept.len) : name_glob(kept);
	return 0;
}

static int
parse_path(struct rule *r, const char *text, struct error *e)
{
	struct address path;

	if (address_parse(&path, text, -1, e) < 0)
		return -1;
	r->kind = KIND_PATH;
	r->text = xstrdup(path.host);
	return 0;
}

static int
parse(struct rule *r, const char *text, struct error *e)
{
	bool network = strchr(text, '/') != NULL;
	struct parts parts;

	if (text[0] == '/' || strncmp(text, "unix:", 5) == 0)
		return parse_path(r, text, e);
	if (strchr(text, '@') != NULL || split(text, &parts) < 0)
		return refuse(e, text);
	if (network
		? network_parse(&r->network, parts.host, parts.is_bracketed) < 0
		: set_host(r, parts.host, parts.is_bracketed) < 0)
		return refuse(e, text);
	if (parts.port != NULL)
		return set_port(r, parts.port, e);
	if (!network && asprintf(&r->port, "%d", MEMCACHED_PORT) < 0)
		(void)xnonnull(NULL);
	return 0;
}

struct rule *
rule_new(const char *text, struct error *e)
{
	struct rule *r = xcalloc(1, sizeof(*r));

	if (parse(r, text, e) == 0)
		return r;
	rule_free(r);
	return NULL;
}

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
rule_equal(const struct rule *a, const struct rule *b)
{
	return a->kind == b->kind && text_equal(a->text, b->text) &&
	       text_equal(a->port, b->port) &&
	       network_equal(&a->network, &b->network);
}

static bool
port_matches(const struct rule *r, uint32_t port)
{
	char text[PORT_TEXT_MAX + 8];

	(void)snprintf(text, sizeof(text), "%u", port);
	return r->port == NULL || fnmatch(r->port, text, 0) == 0;
}

/* A rule without a dot at its end is for names with one, too. */
static bool
name_matches(const char *glob, const struct address *target)
{
	char name[HOST_MAX + 1];
	size_t len = 0;

	for (; target->host[len] != '\0'; len++)
		name[len] = target->host[len] == '.' ? '/' : target->host[len];
	name[len] = '\0';
	if (fnmatch(glob, name, FNM_CASEFOLD | FNM_PATHNAME) == 0)
		return true;
	if (!target->is_absolute)
		return false;
	memcpy(name + len, "/", 2);
	return fnmatch(glob, name, FNM_CASEFOLD | FNM_PATHNAME) == 0;
}

/* "1*" is not for 1::1. */
static bool
number_matches(const char *glob, const char *host)
{
	bool six = strchr(host, ':') != NULL;

	return (strchr(glob, ':') != NULL) == six &&
	       fnmatch(glob, host, FNM_CASEFOLD) == 0;
}

static bool
host_matches(const struct rule *r, const struct address *target, bool numeric)
{
	switch (r->kind) {
	case KIND_ANY:
		return true;
	case KIND_NAME:
		return !numeric && name_matches(r->text, target);
	case KIND_NUMBER:
		return numeric && number_matches(r->text, target->host);
	default:
		return false;
	}
}

enum verdict
rule_target(const struct rule *r, const struct address *target,
    const struct endpoint *ep)
{
	bool yes;

	if (r->kind == KIND_PATH || target->is_path)
		yes = r->kind == KIND_PATH && target->is_path &&
		      strcmp(r->text, target->host) == 0;
	else if (r->kind != KIND_NETWORK)
		yes = host_matches(r, target, ep != NULL) &&
		      port_matches(r, target->port);
	else if (ep != NULL)
		yes = rule_endpoint(r, ep);
	else
		return port_matches(r, target->port) ? ALLOW_RESOLVED
						     : ALLOW_NO;
	return yes ? ALLOW_YES : ALLOW_NO;
}

bool
rule_endpoint(const struct rule *r, const struct endpoint *ep)
{
	return r->kind == KIND_NETWORK && network_has(&r->network, ep) &&
	       port_matches(r, endpoint_port(ep));
}
