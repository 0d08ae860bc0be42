#include "base/host.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

_Static_assert(HOST_MAX >= INET6_ADDRSTRLEN + IF_NAMESIZE,
    "an IPv6 address and its zone must fit");

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

bool
host_is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool is_dot = s.p[i] == '.';

		if (!host_is_name_char(s.p[i]) ||
		    (is_dot && (i == 0 || s.p[i - 1] == '.')))
			return false;
	}
	return true;
}

/* Decimal, octal or hexadecimal. */
static bool
is_number(struct span label)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	bool hex = span_begins(label, "0x") || span_begins(label, "0X");
	size_t i = hex ? 2 : 0, known = hex ? sizeof(digits) - 1 : 10;

	while (i < label.len && memchr(digits, label.p[i], known) != NULL)
		i++;
	return label.len > 0 && i == label.len;
}

bool
host_is_numbers(struct span text)
{
	bool all = text.len > 0;

	while (all && text.len > 0) {
		const char *dot = memchr(text.p, '.', text.len);
		size_t len = dot != NULL ? (size_t)(dot - text.p) : text.len;

		all = is_number((struct span){ text.p, len });
		text = skip(text, dot != NULL ? len + 1 : len);
	}
	return all;
}

/* A text with a NUL, for inet_pton(3); false when it does not fit. */
static bool
copy(char *to, size_t size, struct span text)
{
	if (text.len >= size)
		return false;
	memcpy(to, text.p, text.len);
	to[text.len] = '\0';
	return true;
}

int
host_parse(struct span text, char host[HOST_MAX])
{
	char number[INET_ADDRSTRLEN];
	struct in_addr four;

	if (text.len >= HOST_MAX || !is_name(text))
		return -1;
	if (host_is_numbers(text) &&
	    (!copy(number, sizeof(number), text) ||
		inet_pton(AF_INET, number, &four) != 1))
		return -1;
	(void)copy(host, HOST_MAX, text);
	return 0;
}

/* "%eth0", or nothing. Elsewhere than here it would say nothing. */
static bool
is_zone(struct span zone, const struct in6_addr *six)
{
	bool is_local =
	    IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_MC_LINKLOCAL(six);

	return zone.len == 0 ||
	       (is_local && zone.len > 1 && zone.len <= IF_NAMESIZE &&
		   is_name(skip(zone, 1)));
}

int
host_parse_v6(struct span text, char host[HOST_MAX])
{
	const char *percent = memchr(text.p, '%', text.len);
	size_t len = percent != NULL ? (size_t)(percent - text.p) : text.len;
	struct span zone = skip(text, len);
	char number[INET6_ADDRSTRLEN];
	struct in6_addr six;

	text.len = len;
	if (!copy(number, sizeof(number), text) ||
	    inet_pton(AF_INET6, number, &six) != 1 || !is_zone(zone, &six))
		return -1;
	if (IN6_IS_ADDR_V4MAPPED(&six))
		(void)inet_ntop(AF_INET, &six.s6_addr[12], host, HOST_MAX);
	else
		(void)inet_ntop(AF_INET6, &six, host, HOST_MAX);
	len = strlen(host);
	(void)copy(host + len, HOST_MAX - len, zone);
	return 0;
}
