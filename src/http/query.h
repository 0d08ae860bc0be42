/*
 * The query of a URL, as forms write it: "name=value" with "&" between, "+" for
 * a blank, "%XX" for a byte. A parameter without "=" has an empty value, and
 * nothing between two "&" is no parameter.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

#include "base/error.h"
#include "base/span.h"

#define QUERY_PARAMETERS_MAX 64

struct parameter;

struct query {
	struct parameter *list;
	size_t len;
	char *text; /* of all names and values */
};

/*
 * Reads a copy of text, which has no NUL byte. Fails, with a sentence for
 * people, when there are too many parameters or when one stands for a NUL
 * byte, which would hide what is behind it.
 */
int query_init(struct query *q, struct span text, struct error *e);
void query_release(struct query *q);

/*
 * The next value of that name, decoded and borrowed: *at is 0 for the first,
 * and is moved on. NULL when there is none.
 */
const char *query_next(const struct query *q, const char *name, size_t *at);
const char *query_first(const struct query *q, const char *name);

#endif
