/*
 * Which targets a client may name: a list of
 *
 *	host:port	globs as in glob(7), without a port 11211
 *	10.0.0.0/8	networks, checked on the address that is connected to
 *	unix:/path	sockets, by their path
 *
 * A host glob that holds digits and no letters ("10.0.*") is for numeric
 * addresses alone: a name that looks like one is no way around it.
 */
#ifndef CONFIG_ALLOW_H
#define CONFIG_ALLOW_H

#include <stdbool.h>

#include "base/address.h"
#include "base/error.h"

/* More rules than this are refused. */
#define ALLOW_RULES_MAX 1024

struct allow;

enum verdict {
	ALLOW_NO,
	ALLOW_YES,
	ALLOW_RESOLVED, /* only those of the name's addresses that
			   allow_endpoint lets through */
};

/* A list is freed with its last holder, who begins as the only one. */
struct allow *allow_new(void);
struct allow *allow_hold(struct allow *a); /* takes NULL, returns a */
void allow_free(struct allow *a);

bool allow_is_empty(const struct allow *a);

/* Adds a rule; -1 when it is none. */
int allow_add(struct allow *a, const char *text, struct error *e);

/*
 * Without a rule every TCP target is allowed; a unix socket needs one in any
 * case.
 */
enum verdict allow_target(const struct allow *a, const struct address *target);
bool allow_endpoint(const struct allow *a, const struct endpoint *ep);

#endif
