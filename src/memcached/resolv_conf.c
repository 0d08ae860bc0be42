#include "memcached/resolv_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/util.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/span.h"
#include "memcached/words.h"

#define DNS_PORT 53
#define SERVER_TEXT_MAX 80

static void
add_server(struct resolv_conf *c, struct span word)
{
	struct endpoint ep = { .len = sizeof(ep.sa) };
	int len = (int)sizeof(ep.sa);
	char text[SERVER_TEXT_MAX];

	if (c->servers_len == nitems(c->servers) || word.len >= sizeof(text))
		return;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)&ep.sa, &len) <
	    0)
		return;
	ep.len = (socklen_t)len;
	if (ep.sa.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ep.sa;

		if (in6->sin6_port == 0)
			in6->sin6_port = htons(DNS_PORT);
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)&ep.sa;

		if (in->sin_port == 0)
			in->sin_port = htons(DNS_PORT);
	}
	c->servers[c->servers_len++] = ep;
}

static void
add_domain(struct resolv_conf *c, struct span word)
{
	char *domain;

	while (word.len > 0 && word.p[word.len - 1] == '.')
		word.len--;
	if (c->domains_len == nitems(c->domains) || word.len == 0 ||
	    word.len >= ADDRESS_HOST_MAX)
		return;
	domain = c->domains[c->domains_len++];
	memcpy(domain, word.p, word.len);
	domain[word.len] = '\0';
}

static void
set_option(struct resolv_conf *c, struct span word)
{
	static const char name[] = "ndots:";
	size_t len = strlen(name);
	uint64_t n;

	if (!span_begins(word, name) ||
	    parse_u64((struct span){ word.p + len, word.len - len }, &n) < 0)
		return;
	c->ndots = n < RESOLV_NDOTS_MAX ? (unsigned)n : RESOLV_NDOTS_MAX;
}

static void
read_line(struct resolv_conf *c, struct span line)
{
	struct span key, word;
	bool is_list;

	if (!words_next(&line, &key))
		return;
	is_list = span_is(key, "search") || span_is(key, "domain");
	if (is_list)
		c->domains_len = 0; /* the last one counts */
	while (words_next(&line, &word)) {
		if (span_is(key, "nameserver"))
			add_server(c, word);
		else if (is_list)
			add_domain(c, word);
		else if (span_is(key, "options"))
			set_option(c, word);
	}
}

static void
add_own_domain(struct resolv_conf *c)
{
	char name[ADDRESS_HOST_MAX] = "";
	const char *dot;

	if (gethostname(name, sizeof(name) - 1) < 0)
		return;
	dot = strchr(name, '.');
	if (dot != NULL)
		add_domain(c, span_of(dot + 1));
}

struct resolv_conf *
resolv_conf_new(const char *path)
{
	struct resolv_conf *c = xcalloc(1, sizeof(*c));
	char *bytes = xmalloc(RESOLV_BYTES_MAX + 1);
	struct span text = { bytes, 0 }, line;
	struct error e;

	c->holders = 1;
	c->ndots = 1;
	add_own_domain(c);
	(void)file_read(path, bytes, RESOLV_BYTES_MAX + 1, &text, &e);
	while (words_line(&text, &line))
		read_line(c, line);
	if (c->servers_len == 0)
		add_server(c, span_of("127.0.0.1"));
	free(bytes);
	return c;
}

void
resolv_conf_hold(struct resolv_conf *c)
{
	c->holders++;
}

void
resolv_conf_release(struct resolv_conf *c)
{
	if (c != NULL && --c->holders == 0)
		free(c);
}

static unsigned
dots(const char *name)
{
	unsigned n = 0;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

bool
resolv_conf_candidate(const struct resolv_conf *c, const char *host,
    bool is_absolute, size_t n, char name[ADDRESS_HOST_MAX])
{
	size_t domains = is_absolute ? 0 : c->domains_len;
	bool is_first = dots(host) >= c->ndots;
	size_t bare = is_first ? 0 : domains, at = n - (is_first && n > 0);
	int len;

	if (n > domains)
		return false;
	if (n == bare)
		len = snprintf(name, ADDRESS_HOST_MAX, "%s", host);
	else
		len = snprintf(
		    name, ADDRESS_HOST_MAX, "%s.%s", host, c->domains[at]);
	if (len >= ADDRESS_HOST_MAX)
		name[0] = '\0';
	return true;
}
