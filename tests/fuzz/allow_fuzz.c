/* A target and a rule, a line each: a network lets in what lies in it. */
#include <netinet/in.h>

#include "base/mem.h"
#include "base/parse.h"
#include "config/allow.h"
#include "fuzz.h"

/* A bit of an endpoint's IPv6 address, which an IPv4 one is mapped into. */
static bool
bit(const struct endpoint *ep, unsigned i)
{
	const unsigned char mapped[12] = { [10] = 0xff, 0xff };
	const void *four = &((const struct sockaddr_in *)&ep->sa)->sin_addr;
	const void *six = &((const struct sockaddr_in6 *)&ep->sa)->sin6_addr;
	const unsigned char *ip = six;

	if (ep->sa.ss_family == AF_INET) {
		ip = i < 96 ? mapped : four;
		i -= i < 96 ? 0 : 96;
	}
	return ip[i / 8] & 128 >> i % 8;
}

/* Of "address/bits", "address/bits:port" or "[address/bits]:port". */
static bool
lies_in(const struct endpoint *ep, const char *rule)
{
	bool bracket = rule[0] == '[';
	const char *slash = strrchr(rule, '/');
	size_t digits = strcspn(slash + 1, bracket ? "]" : ":");
	struct address network = { 0 };
	struct endpoint first;
	uint64_t bits;
	unsigned same = 0, four = 0;

	rule += bracket;
	memcpy(network.host, rule, (size_t)(slash - rule));
	assert(address_endpoint(&network, &first));
	assert(parse_u64((struct span){ slash + 1, digits }, &bits) == 0);
	bits += first.sa.ss_family == AF_INET ? 96 : 0;
	/* what is IPv4, mapped or not, lies in no wider network of IPv6 */
	while (four < 96 && bit(ep, four) == (four >= 80))
		four++;
	if (four == 96 && bits < 96)
		return false;
	while (same < bits && bit(ep, same) == bit(&first, same))
		same++;
	return same == bits;
}

static size_t
dots(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '.';
	return n;
}

/* A glob for names matches label by label; "*" is every host. */
static bool
may_match(const char *rule, const struct address *target)
{
	size_t host = strcspn(rule, ":");
	size_t all = dots(target->host, strlen(target->host));

	return (host == 1 && rule[0] == '*') || dots(rule, host) == all ||
	       (target->is_absolute && dots(rule, host) == all + 1);
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	char *text = xstrndup(data, size), *rule = text;
	const char *target = strsep(&rule, "\n");
	struct allow *a = allow_new();
	struct address t;
	struct endpoint ep;
	struct error e;

	if (rule != NULL &&
	    address_parse(&t, target, MEMCACHED_PORT, &e) == 0 &&
	    allow_add(a, rule, &e) == 0) {
		enum verdict v = allow_target(a, &t);
		bool path = rule[0] == '/' || strncmp(rule, "unix:", 5) == 0;
		bool network = !path && strchr(rule, '/') != NULL;
		bool numeric = address_endpoint(&t, &ep);

		assert(v == ALLOW_NO || t.is_path == path);
		assert(v != ALLOW_RESOLVED || (network && !numeric));
		assert(v != ALLOW_YES || !network || lies_in(&ep, rule));
		if (network && !t.is_path && strstr(rule, "]:") == NULL &&
		    strchr(strchr(rule, '/'), ':') == NULL)
			assert(v == (!numeric                ? ALLOW_RESOLVED
					: lies_in(&ep, rule) ? ALLOW_YES
							     : ALLOW_NO));
		if (v == ALLOW_YES && !numeric)
			assert(may_match(rule, &t));
	}
	allow_free(a);
	free(text);
	return 0;
}
