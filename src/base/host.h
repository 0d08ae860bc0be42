/*
 * A host, as it stands in an address: a name (letters, digits, '-' and '_',
 * with dots between them), an IPv4 address of four decimal numbers, or an IPv6
 * address, with a zone where it is link-local. Whatever else inet_aton(3) and
 * getaddrinfo(3) take for an address, such as 127.1 and 0x7f000001, is refused:
 * it would reach a server by a text that no rule was made for.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdbool.h>

#include "base/span.h"

#define HOST_MAX 254 /* RFC 1035: 253 characters, and a NUL */

/* Whether it may stand in a name. */
bool host_is_name_char(char c);

/*
 * Whether all labels are numbers, decimal or not, as in no name and as in an
 * IPv4 address that may be ill-formed.
 */
bool host_is_numbers(struct span text);

/* A name, with a dot at its end or without, or an IPv4 address. Else -1. */
int host_parse(struct span text, char host[HOST_MAX]);

/*
 * An IPv6 address, as inet_ntop(3) writes it; one that is an IPv4 address
 * mapped into IPv6 (RFC 4291, section 2.5.5.2) as that, so that each address
 * has one text. Else -1.
 */
int host_parse_v6(struct span text, char host[HOST_MAX]);

#endif
