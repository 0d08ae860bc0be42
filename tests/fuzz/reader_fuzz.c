/* Answers of a server become the same metrics, whole or in pieces. */
#include "fuzz.h"
#include "stats/reader.h"
#include "stats/render.h"

static void
render(struct buf *out, struct span in, size_t size, unsigned what)
{
	static struct keys *keys;
	enum reader_state state = READER_MORE;
	struct reader *r;
	struct error e;

	keys = keys != NULL ? keys : keys_new();
	r = reader_new(keys, what % (1U << SECTIONS), false);
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
	    what >> SECTIONS & 2 ? TEXT_OPENMETRICS : TEXT_PROMETHEUS,
	    reader_reply(r), what >> SECTIONS & 1);
	reader_free(r);
}

/* Byte 0: the size of pieces; byte 1: the sections, and with slabs or not, the format. */
int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct span in = { data + 2, size > 2 ? size - 2 : 0 };
	struct buf whole, pieces;

	if (in.len == 0)
		return 0;
	render(&whole, in, in.len, (unsigned char)data[1]);
	render(
	    &pieces, in, (unsigned char)data[0] + 1U, (unsigned char)data[1]);
	assert(whole.len == pieces.len);
	assert(whole.len == 0 || memcmp(whole.p, pieces.p, whole.len) == 0);
	fuzz_check_metrics((struct span){ whole.p, whole.len });
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
