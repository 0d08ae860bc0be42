#include "config/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/parse.h"

#define V4_BITS 32
#define V6_BITS 128
#define V4_OFFSET 12 /* of an IPv4 address that is mapped into IPv6 */

static const uint8_t mapped[V4_OFFSET] = { [10] = 0xff, [11] = 0xff };

static void
map_v4(uint8_t bytes[NETWORK_BYTES], const struct in_addr *v4)
{
	memcpy(bytes, mapped, sizeof(mapped));
	memcpy(bytes + V4_OFFSET, v4, sizeof(*v4));
}

int
network_parse(struct network *n, struct span text, bool only_v6)
{
	const char *slash = memrchr(text.p, '/', text.len);
	char host[INET6_ADDRSTRLEN];
	struct span number;
	struct in_addr v4;
	uint64_t bits;
	size_t len;

	if (slash == NULL)
		return -1;
	len = (size_t)(slash - text.p);
	number = (struct span){ slash + 1, text.len - len - 1 };
	if (len >= sizeof(host) || parse_u64(number, &bits) < 0)
		return -1;
	memcpy(host, text.p, len);
	host[len] = '\0';
	if (!only_v6 && inet_pton(AF_INET, host, &v4) == 1 && bits <= V4_BITS) {
		map_v4(n->bytes, &v4);
		n->bits = (unsigned)bits + V6_BITS - V4_BITS;
		return 0;
	}
	if (inet_pton(AF_INET6, host, n->bytes) != 1 || bits > V6_BITS)
		return -1;
	n->bits = (unsigned)bits;
	return 0;
}

static bool
has_bytes(const struct network *n, const uint8_t bytes[NETWORK_BYTES])
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	/* ::/0 is all of IPv6, and nothing of IPv4 */
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0 &&
	    n->bits < V6_BITS - V4_BITS)
		return false;
	if (memcmp(n->bytes, bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((n->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

bool
network_has(const struct network *n, const struct endpoint *ep)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&ep->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&ep->sa;
	uint8_t bytes[NETWORK_BYTES];

	if (ep->sa.ss_family == AF_INET6)
		return has_bytes(n, six->sin6_addr.s6_addr);
	if (ep->sa.ss_family != AF_INET)
		return false;
	map_v4(bytes, &four->sin_addr);
	return has_bytes(n, bytes);
}

bool
network_equal(const struct network *a, const struct network *b)
{
	return a->bits == b->bits &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
