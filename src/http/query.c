#include "http/query.h"

#include <stdlib.h>
#include <string.h>

#include <event2/http.h>

#include "base/mem.h"

struct parameter {
	char *name;
	char *value;
};

/* NULL when there is a NUL byte in it. */
static char *
decode(const char *text)
{
	size_t len;
	char *decoded = xnonnull(evhttp_uridecode(text, 1, &len));

	if (strlen(decoded) == len)
		return decoded;
	free(decoded);
	return NULL;
}

/* Cuts the part in two. */
static int
add(struct query *q, char *part, struct error *e)
{
	char *value = part, *name = strsep(&value, "=");
	struct parameter *p;

	if (q->len == QUERY_PARAMETERS_MAX)
		return error_set(e, "The query has more than %d parameters.",
		    QUERY_PARAMETERS_MAX);
	q->list = xreallocarray(q->list, q->len + 1, sizeof(*q->list));
	p = &q->list[q->len++];
	p->name = decode(name);
	p->value = decode(value != NULL ? value : "");
	if (p->name == NULL || p->value == NULL)
		return error_set(e, "The query has a NUL byte in it.");
	return 0;
}

int
query_init(struct query *q, const char *text, struct error *e)
{
	char *copy = xstrdup(text), *rest = copy, *part;
	int rc = 0;

	*q = (struct query){ NULL, 0 };
	while (rc == 0 && (part = strsep(&rest, "&")) != NULL) {
		if (part[0] != '\0')
			rc = add(q, part, e);
	}
	free(copy);
	if (rc < 0)
		query_release(q);
	return rc;
}

void
query_release(struct query *q)
{
	for (size_t i = 0; i < q->len; i++) {
		free(q->list[i].name);
		free(q->list[i].value);
	}
	free(q->list);
	*q = (struct query){ NULL, 0 };
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
