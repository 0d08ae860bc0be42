/*
 * One rule of which targets are allowed:
 *
 *	host:port, [IPv6]:port	globs as in glob(7); without a port, 11211
 *	10.0.0.0/8		networks, checked on the address that is
 *	10.0.0.0/8:port		connected to; without a port, any. [fd00::/8]:port
 *	unix:/path		sockets, by their path
 *
 * A glob is for names or for addresses, never for both, and "*" alone is every
 * host. In a glob for names "*", "?" and sets do not match a dot. A glob for
 * addresses holds digits and no letters ("10.0.*"), or a colon; each address
 * has one text (base/host.h), and a name that looks like one is no way around.
 * A rule that could allow nothing is refused.
 */
#ifndef CONFIG_RULE_H
#define CONFIG_RULE_H

#include <stdbool.h>

#include "base/address.h"
#include "base/error.h"

struct rule;

enum verdict {
	ALLOW_NO,
	ALLOW_YES,
	ALLOW_RESOLVED, /* only those of the name's addresses that
			   allow_endpoint lets through */
};

/* NULL for what is no rule. rule_free takes NULL. */
struct rule *rule_new(const char *text, struct error *e);
void rule_free(struct rule *r);

/* Whether both say the same. */
bool rule_equal(const struct rule *a, const struct rule *b);

/* What it says of a target; ep is the target's endpoint, NULL for a name. */
enum verdict rule_target(const struct rule *r, const struct address *target,
    const struct endpoint *ep);

/* Whether it is a network with that endpoint, port included. */
bool rule_endpoint(const struct rule *r, const struct endpoint *ep);

#endif
