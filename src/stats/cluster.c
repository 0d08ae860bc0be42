#include "stats/cluster.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "base/parse.h"

static const struct {
	const char *command, *key;
} ways[] = {
	[CLUSTER_CONFIG] = { "config get cluster\r\n", "cluster" },
	[CLUSTER_KEY] = { "get AmazonElastiCache:cluster\r\n",
	    "AmazonElastiCache:cluster" },
};
_Static_assert(nitems(ways) == CLUSTER_WAYS, "a row for each");

struct span
cluster_command(enum cluster_way way)
{
	return span_of(ways[way].command);
}

struct span
cluster_key(enum cluster_way way)
{
	return span_of(ways[way].key);
}

/* Cuts the text up to a mark, or all of it, off the front. */
static struct span
cut(struct span *text, char mark)
{
	struct span front = *text;
	const char *at = memchr(text->p, mark, text->len);

	if (at != NULL)
		front.len = (size_t)(at - text->p);
	text->p += front.len + (at != NULL);
	text->len -= front.len + (at != NULL);
	return front;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\r' || c == '\n';
}

/* Cuts the next word off the front; empty when there is none. */
static struct span
next_word(struct span *text)
{
	struct span word;

	while (text->len > 0 && is_blank(text->p[0])) {
		text->p++;
		text->len--;
	}
	word = (struct span){ text->p, 0 };
	while (word.len < text->len && !is_blank(word.p[word.len]))
		word.len++;
	text->p += word.len;
	text->len -= word.len;
	return word;
}

/* The address of a host, which may be an IPv6 address, and a port of digits. */
static int
read_address(struct address *a, struct span host, struct span port)
{
	char text[ADDRESS_TEXT_MAX];
	bool is_v6;
	struct error e;
	uint64_t n;

	if (host.len == 0 || host.len >= ADDRESS_HOST_MAX ||
	    memchr(host.p, '\0', host.len) != NULL || parse_u64(port, &n) < 0 ||
	    n > UINT16_MAX)
		return -1;
	is_v6 = memchr(host.p, ':', host.len) != NULL;
	(void)snprintf(text, sizeof(text), is_v6 ? "[%.*s]:%u" : "%.*s:%u",
	    (int)host.len, host.p, (unsigned)n);
	if (address_parse(a, text, -1, &e) < 0 || a->is_path)
		return -1;
	return 0;
}

/* host|ip|port */
static int
read_node(struct cluster_node *node, struct span text)
{
	struct span host = cut(&text, '|'), ip = cut(&text, '|');
	struct address numeric = { 0 };
	struct endpoint ep;

	*node = (struct cluster_node){ 0 };
	if (ip.len > 0 && (read_address(&numeric, ip, text) < 0 ||
			      !address_endpoint(&numeric, &ep)))
		return -1;
	if (ip.len > 0)
		(void)snprintf(node->ip, sizeof(node->ip), "%s", numeric.host);
	return read_address(&node->address, host.len > 0 ? host : ip, text);
}

static bool
has_node(const struct cluster *c, const struct address *a)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct address *b = &c->nodes[i].address;

		if (a->port == b->port && strcasecmp(a->host, b->host) == 0)
			return true;
	}
	return false;
}

static size_t
count_words(struct span text)
{
	size_t n = 0;

	while (next_word(&text).len > 0)
		n++;
	return n;
}

static int
read_nodes(struct cluster *c, struct span text, struct error *e)
{
	struct span word;

	for (size_t i = 1; (word = next_word(&text)).len > 0; i++) {
		struct cluster_node *node = &c->nodes[c->len];

		if (read_node(node, word) < 0) {
			(void)error_because(e, REASON_PROTOCOL,
			    "node %zu of the cluster is no host|ip|port:", i);
			return error_hear(e, word);
		}
		c->len += !has_node(c, &node->address);
	}
	return 0;
}

int
cluster_parse(struct span text, struct cluster **out, struct error *e)
{
	struct span line;
	struct cluster *c;
	uint64_t version;
	size_t n;

	if (text.p == NULL)
		text.p = "";
	line = cut(&text, '\n');
	n = count_words(text);
	if (parse_u64(next_word(&line), &version) < 0 ||
	    next_word(&line).len > 0)
		return error_because(e, REASON_PROTOCOL,
		    "the list of the cluster's nodes has no version");
	if (n == 0)
		return error_because(
		    e, REASON_PROTOCOL, "the cluster has no nodes");
	if (n > CLUSTER_NODES_MAX)
		return error_because(e, REASON_TOO_LARGE,
		    "the cluster has more than %d nodes", CLUSTER_NODES_MAX);
	c = xcalloc(1, sizeof(*c) + n * sizeof(c->nodes[0]));
	c->version = version;
	if (read_nodes(c, text, e) < 0) {
		free(c);
		return -1;
	}
	*out = c;
	return 0;
}
