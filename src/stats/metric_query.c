#include "stats/metric_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/binary.h"

/* All commands and packets: each is a key, and less than so much around it. */
#define AROUND_BYTES_MAX 32
#define BYTES_MAX                                                              \
	(2 * QUERY_KEYS_ALL_MAX * (QUERY_KEY_BYTES_MAX + AROUND_BYTES_MAX))

struct metric_query *
metric_query_new(void)
{
	struct metric_query *q = xcalloc(1, sizeof(*q));

	q->holds = 1;
	return q;
}

struct metric_query *
metric_query_hold(struct metric_query *q)
{
	q->holds++;
	return q;
}

void
metric_query_release(struct metric_query *q)
{
	if (q == NULL || --q->holds > 0)
		return;
	for (size_t i = 0; i < q->keys_len; i++)
		free(q->keys[i]);
	for (size_t i = 0; i < q->labels_len; i++)
		free(q->labels[i].name);
	free(q->keys);
	free(q->separator);
	free(q->help);
	free(q->name);
	free(q);
}

struct metric_query *
metric_query_prefixed(const struct metric_query *q, const char *prefix)
{
	struct metric_query *copy = xcalloc(1, sizeof(*copy));

	*copy = *q;
	copy->holds = 1;
	copy->name = xstrdup(q->name);
	copy->help = xstrdup(q->help);
	copy->separator = q->separator != NULL ? xstrdup(q->separator) : NULL;
	copy->keys = xcalloc(q->keys_len + 1, sizeof(char *));
	for (size_t i = 0; i < q->keys_len; i++) {
		struct buf key;

		buf_init(&key, SIZE_MAX);
		buf_add_str(&key, prefix);
		buf_add_str(&key, q->keys[i]);
		copy->keys[i] = xstrndup(key.p, key.len);
		buf_release(&key);
	}
	for (size_t i = 0; i < q->labels_len; i++)
		copy->labels[i].name = xstrdup(q->labels[i].name);
	return copy;
}

static bool
equal_texts(const struct metric_query *a, const struct metric_query *b)
{
	if (strcmp(a->name, b->name) != 0 || strcmp(a->help, b->help) != 0 ||
	    !is_same(a->separator, b->separator))
		return false;
	for (size_t i = 0; i < a->keys_len; i++) {
		if (strcmp(a->keys[i], b->keys[i]) != 0)
			return false;
	}
	for (size_t i = 0; i < a->labels_len; i++) {
		if (a->labels[i].column != b->labels[i].column ||
		    strcmp(a->labels[i].name, b->labels[i].name) != 0)
			return false;
	}
	return true;
}

bool
metric_query_equal(const struct metric_query *a, const struct metric_query *b)
{
	return a->type == b->type && a->keys_len == b->keys_len &&
	       a->columns == b->columns && a->value == b->value &&
	       a->labels_len == b->labels_len &&
	       a->scale == b->scale && /* as it was read, never computed */
	       equal_texts(a, b);
}

/* Those wanted, as yet without their bytes. */
static void
list_keys(struct gets *g, gets_fn *wants, void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < g->queries_len; i++)
		n += g->queries[i]->keys_len;
	g->list = xcalloc(n + 1, sizeof(*g->list));
	for (size_t i = 0; i < g->queries_len; i++) {
		const struct metric_query *q = g->queries[i];

		for (size_t k = 0; k < q->keys_len; k++) {
			if (wants != NULL && !wants(q, q->keys[k], arg))
				continue;
			if (g->len == QUERY_KEYS_ALL_MAX)
				return;
			g->list[g->len++] = (struct get){ .query = i,
				.key = span_of(q->keys[k]) };
		}
	}
}

/* The end of what has been added since `at` bytes. */
static size_t
note_length(const struct buf *b, size_t at, struct span *s)
{
	s->len = b->len - at;
	return b->len;
}

/* Lengths first, for the bytes move while they grow. */
static void
write_bytes(struct gets *g)
{
	struct buf *b = &g->bytes;
	size_t at = 0;
	const char *p;

	buf_init(b, BYTES_MAX);
	for (size_t i = 0; i < g->len; i++) {
		buf_add_str(b, "get ");
		buf_add_span(b, g->list[i].key);
		buf_add_str(b, "\r\n");
		at = note_length(b, at, &g->list[i].command);
	}
	g->commands.len = at;
	for (size_t i = 0; i < g->len; i++) {
		binary_get(b, g->list[i].key, (uint32_t)(BINARY_GETS + i));
		at = note_length(b, at, &g->list[i].packet);
	}
	g->packets.len = at - g->commands.len;
	p = g->commands.p = b->p;
	for (size_t i = 0; i < g->len; p += g->list[i++].command.len)
		g->list[i].command.p = p;
	g->packets.p = p;
	for (size_t i = 0; i < g->len; p += g->list[i++].packet.len)
		g->list[i].packet.p = p;
}

struct gets *
gets_new(
    struct metric_query *const *queries, size_t n, gets_fn *wants, void *arg)
{
	struct gets *g = xcalloc(1, sizeof(*g));

	g->holds = 1;
	g->queries = xcalloc(n + 1, sizeof(struct metric_query *));
	for (; g->queries_len < n; g->queries_len++)
		g->queries[g->queries_len] =
		    metric_query_hold(queries[g->queries_len]);
	list_keys(g, wants, arg);
	write_bytes(g);
	return g;
}

struct gets *
gets_hold(struct gets *g)
{
	if (g != NULL)
		g->holds++;
	return g;
}

void
gets_release(struct gets *g)
{
	if (g == NULL || --g->holds > 0)
		return;
	for (size_t i = 0; i < g->queries_len; i++)
		metric_query_release(g->queries[i]);
	buf_release(&g->bytes);
	free(g->queries);
	free(g->list);
	free(g);
}

bool
gets_equal(const struct gets *a, const struct gets *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->queries_len != b->queries_len || a->bytes.len != b->bytes.len ||
	    (a->bytes.len > 0 &&
		memcmp(a->bytes.p, b->bytes.p, a->bytes.len) != 0))
		return false;
	for (size_t i = 0; i < a->queries_len; i++) {
		if (!metric_query_equal(a->queries[i], b->queries[i]))
			return false;
	}
	return true;
}
