#include "config/allow.h"

#include <stdlib.h>

#include "base/mem.h"

struct allow {
	struct rule **rules;
	size_t len;
	unsigned holds;
};

struct allow *
allow_new(void)
{
	struct allow *a = xcalloc(1, sizeof(*a));

	a->holds = 1;
	return a;
}

struct allow *
allow_hold(struct allow *a)
{
	if (a != NULL)
		a->holds++;
	return a;
}

void
allow_free(struct allow *a)
{
	if (a == NULL || --a->holds > 0)
		return;
	for (size_t i = 0; i < a->len; i++)
		rule_free(a->rules[i]);
	free(a->rules);
	free(a);
}

bool
allow_is_empty(const struct allow *a)
{
	return a->len == 0;
}

bool
allow_equal(const struct allow *a, const struct allow *b)
{
	bool equal = a != NULL && b != NULL && a->len == b->len;

	for (size_t i = 0; equal && i < a->len; i++)
		equal = rule_equal(a->rules[i], b->rules[i]);
	return equal || a == b;
}

int
allow_add(struct allow *a, const char *text, struct error *e)
{
	struct rule *r = rule_new(text, e);

	if (r == NULL)
		return -1;
	if (a->len == ALLOW_RULES_MAX) {
		rule_free(r);
		return error_set(
		    e, "expected at most %d rules", ALLOW_RULES_MAX);
	}
	a->rules = xreallocarray(a->rules, a->len + 1, sizeof(struct rule *));
	a->rules[a->len++] = r;
	return 0;
}

bool
allow_endpoint(const struct allow *a, const struct endpoint *ep)
{
	bool found = false;

	for (size_t i = 0; i < a->len && !found; i++)
		found = rule_endpoint(a->rules[i], ep);
	return found;
}

enum verdict
allow_target(const struct allow *a, const struct address *target)
{
	enum verdict verdict = ALLOW_NO;
	struct endpoint ep;
	bool numeric = address_endpoint(target, &ep);

	if (a->len == 0)
		return target->is_path ? ALLOW_NO : ALLOW_YES;
	for (size_t i = 0; i < a->len && verdict != ALLOW_YES; i++) {
		enum verdict said =
		    rule_target(a->rules[i], target, numeric ? &ep : NULL);

		if (said != ALLOW_NO)
			verdict = said;
	}
	return verdict;
}
