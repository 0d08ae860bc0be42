/* Answers to gets and a probe become the same metrics, whole or in pieces. */
#include "base/mem.h"
#include "fuzz.h"
#include "stats/metric_query.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/render.h"

enum flag {
	FLAG_OPENMETRICS = 1,
	FLAG_BINARY = 2,
};

/* Of an input; the answers follow. */
struct head {
	unsigned char piece; /* its size less one */
	unsigned char flags;
};

static struct metric_query *
query(const char *name, enum metric_type type, size_t columns, double scale)
{
	static const char *const keys[] = { "a", "b", "c" };
	struct metric_query *q = metric_query_new();

	q->name = xstrdup(name);
	q->help = xstrdup("Help.");
	q->type = type;
	q->scale = scale;
	q->separator = xstrdup("|");
	q->columns = columns;
	q->value = columns / 2;
	if (columns > 0)
		q->labels[q->labels_len++] =
		    (struct query_label){ xstrdup("l"), 0 };
	q->keys = xcalloc(nitems(keys), sizeof(char *));
	for (; q->keys_len < nitems(keys); q->keys_len++)
		q->keys[q->keys_len] = xstrdup(keys[q->keys_len]);
	return q;
}

static const struct plan *
plan(bool binary)
{
	unsigned stats = COLLECTOR_BIT(COLLECTOR_STATS);
	static struct plans *plans[2];

	if (plans[binary] == NULL) {
		struct metric_query *queries[] = {
			query("memcached_q", METRIC_GAUGE, 0, 0.5),
			query("memcached_r", METRIC_GAUGE, 3, 0),
			query("memcached_s_total", METRIC_COUNTER, 0, 0),
		};

		plans[binary] = plans_new_with(1,
		    gets_new(queries, nitems(queries), NULL, NULL),
		    probe_new("k", true, binary));
	}
	return plans_get(plans[binary], stats, stats);
}

static void
render(struct buf *out, struct span in, size_t size, const struct head *head)
{
	bool binary = head->flags & FLAG_BINARY;
	enum text_format format =
	    head->flags & FLAG_OPENMETRICS ? TEXT_OPENMETRICS : TEXT_PROMETHEUS;
	enum reader_state state = READER_MORE;
	static struct keys *keys;
	struct reader *r;
	struct error e;

	keys = keys != NULL ? keys : keys_new();
	r = binary ? reader_new_binary(keys, plan(true))
		   : reader_new(keys, plan(false), false);
	while (state == READER_MORE && in.len > 0) {
		struct span piece;
		char *copy = fuzz_cut(&in, size, &piece);

		state = reader_feed(r, &piece, &e);
		free(copy);
	}
	buf_init(out, 1U << 26);
	render_behind_stats(out, format, plan(binary), reader_reply(r), NULL);
	reader_free(r);
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct buf whole, pieces;
	struct head head;
	struct span in;

	if (size <= sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	in = (struct span){ data + sizeof(head), size - sizeof(head) };
	render(&whole, in, in.len, &head);
	render(&pieces, in, head.piece + 1U, &head);
	assert(whole.len == pieces.len);
	assert(whole.len == 0 || memcmp(whole.p, pieces.p, whole.len) == 0);
	fuzz_check_metrics((struct span){ whole.p, whole.len });
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
