/* Answers of a server become the same metrics, whole or in pieces. */
#include <limits.h>

#include "fuzz.h"
#include "stats/plan.h"
#include "stats/reader.h"
#include "stats/render.h"

enum flag {
	FLAG_OPENMETRICS = 1,
	FLAG_ALL = 2,
	FLAG_BINARY = 4,
};

/* Of an input; the answers follow. */
struct head {
	unsigned char piece; /* its size less one */
	unsigned char flags;
	unsigned char set[2];
};

static struct reader *
new_reader(const struct keys *keys, const struct head *head)
{
	unsigned set = head->set[0] | (unsigned)head->set[1] << 8U;
	static struct plans *plans;
	const struct plan *plan;

	plans = plans != NULL ? plans : plans_new(3);
	set %= 1U << COLLECTORS;
	plan = plans_get(plans, set, set);
	if (head->flags & FLAG_BINARY)
		return reader_new_binary(keys, plan);
	return reader_new(keys, plan, false);
}

static void
render(struct buf *out, struct span in, size_t size, const struct head *head)
{
	static struct keys *keys;
	enum reader_state state = READER_MORE;
	struct reader *r;
	struct error e;

	keys = keys != NULL ? keys : keys_new();
	r = new_reader(keys, head);
	while (state == READER_MORE && in.len > 0) {
		struct span piece;
		char *copy = fuzz_cut(&in, size, &piece);

		state = reader_feed(r, &piece, &e);
		free(copy);
	}
	(void)error_because(&e, REASON_CLOSED, "cut");
	reader_broken(r, &e);
	buf_init(out, 1U << 26);
	render_reply(out,
	    head->flags & FLAG_OPENMETRICS ? TEXT_OPENMETRICS : TEXT_PROMETHEUS,
	    reader_reply(r), head->flags & FLAG_ALL ? UINT_MAX : 0, NULL);
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
