/* Which targets a client may name: a list of rules (config/rule.h). */
#ifndef CONFIG_ALLOW_H
#define CONFIG_ALLOW_H

#include <stdbool.h>

#include "base/address.h"
#include "base/error.h"
#include "config/rule.h"

/* More rules than this are refused. */
#define ALLOW_RULES_MAX 1024

struct allow;

/* A list is freed with its last hold; it begins with one. */
struct allow *allow_new(void);
struct allow *allow_hold(struct allow *a); /* takes NULL, returns a */
void allow_free(struct allow *a);

bool allow_is_empty(const struct allow *a);

/* Whether they have the same rules in the same order; NULL equals NULL. */
bool allow_equal(const struct allow *a, const struct allow *b);

/* Adds a rule; -1 when it is none. */
int allow_add(struct allow *a, const char *text, struct error *e);

/*
 * Without a rule every TCP target is allowed; a unix socket needs one in any
 * case.
 */
enum verdict allow_target(const struct allow *a, const struct address *target);
bool allow_endpoint(const struct allow *a, const struct endpoint *ep);

#endif
