#include "http/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/path.h"

struct parameter {
	const char *name;
	const char *value;
};

/* In its place; false when there is a NUL byte in it. */
static bool
decode(char *text)
{
	size_t len;

	/* one that is not encoded is a blank */
	for (char *p = text; (p = strchr(p, '+')) != NULL;)
		*p = ' ';
	len = path_decode(span_of(text), text);
	text[len] = '\0';
	return strlen(text) == len;
}

/* Cuts the part in two. */
static int
add(struct query *q, char *part, struct error *e)
{
	char *end = part + strlen(part), *value = part;
	char *name = strsep(&value, "=");

	if (q->len == QUERY_PARAMETERS_MAX)
		return error_set(e, "The query has more than %d parameters.",
		    QUERY_PARAMETERS_MAX);
	if (value == NULL)
		value = end;
	if (!decode(name) || !decode(value))
		return error_set(e, "The query has a NUL byte in it.");
	q->list = xreallocarray(q->list, q->len + 1, sizeof(*q->list));
	q->list[q->len++] = (struct parameter){ name, value };
	return 0;
}

int
query_init(struct query *q, struct span text, struct error *e)
{
	char *rest, *part;
	int rc = 0;

	*q = (struct query){ .text = xstrndup(text.p, text.len) };
	rest = q->text;
	while (rc == 0 && (part = strsep(&rest, "&")) != NULL) {
		if (part[0] != '\0')
			rc = add(q, part, e);
	}
	if (rc < 0)
		query_release(q);
	return rc;
}

void
query_release(struct query *q)
{
	free(q->list);
	free(q->text);
	*q = (struct query){ 0 };
}

const char *
query_next(const struct query *q, const char *name, size_t *at)
{
	while (*at < q->len) {
		const struct parameter *p = &q->list[(*at)++];

		if (strcmp(p->name, name) == 0)
			return p->value;
	}
	return NULL;
}

const char *
query_first(const struct query *q, const char *name)
{
	size_t at = 0;

	return query_next(q, name, &at);
}
