/*
 * The answer of a cluster's configuration endpoint is the same nodes, whole or
 * in pieces; each is an address that is read the same again.
 */
#include "fuzz.h"
#include "stats/cluster.h"
#include "stats/plan.h"
#include "stats/reader.h"

static struct reader *
feed(struct span in, size_t size)
{
	static struct keys *keys;
	static struct plans *plans;
	enum reader_state state = READER_MORE;
	struct reader *r;
	struct error e;

	keys = keys != NULL ? keys : keys_new();
	plans = plans != NULL ? plans : plans_new(1);
	r = reader_new(keys, plans_cluster(plans), false);
	while (state == READER_MORE && in.len > 0) {
		struct span piece;
		char *copy = fuzz_cut(&in, size, &piece);

		state = reader_feed(r, &piece, &e);
		free(copy);
	}
	return r;
}

static void
check_nodes(struct span text)
{
	struct cluster *c;
	struct address again;
	char once[ADDRESS_TEXT_MAX];
	struct error e;

	if (cluster_parse(text, &c, &e) < 0)
		return;
	assert(c->len > 0 && c->len <= CLUSTER_NODES_MAX);
	for (size_t i = 0; i < c->len; i++) {
		assert(!c->nodes[i].address.is_path);
		address_text(&c->nodes[i].address, once);
		assert(address_parse(&again, once, -1, &e) == 0);
	}
	free(c);
}

/* Byte 0 is the size of pieces. */
int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct reader *whole, *pieces;
	struct span a, b;

	if (size == 0)
		return 0;
	whole = feed((struct span){ data + 1, size - 1 }, size);
	pieces = feed(
	    (struct span){ data + 1, size - 1 }, (unsigned char)data[0] + 1U);
	a = reply_cluster(reader_reply(whole));
	b = reply_cluster(reader_reply(pieces));
	assert(a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0));
	check_nodes(a);
	reader_free(whole);
	reader_free(pieces);
	return 0;
}
