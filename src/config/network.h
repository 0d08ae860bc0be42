/*
 * Networks in CIDR notation: 10.0.0.0/8, fd00::/8. An IPv4 address that is
 * mapped into IPv6 (RFC 4291, section 2.5.5.2) is an IPv4 address. A value.
 */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/span.h"

#define NETWORK_BYTES 16

struct network {
	uint8_t bytes[NETWORK_BYTES]; /* as IPv6 */
	unsigned bits;
};

/* "address/bits", of IPv6 alone if so said; bits behind them may be set. */
int network_parse(struct network *n, struct span text, bool only_v6);

/* Whether the endpoint's address, whatever its port, belongs to it. */
bool network_has(const struct network *n, const struct endpoint *ep);

bool network_equal(const struct network *a, const struct network *b);

#endif
