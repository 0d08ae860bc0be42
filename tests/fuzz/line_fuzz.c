/* Each LF ends one line, and what is found in a line lies in it. */
#include "fuzz.h"
#include "stats/line.h"

static void
check(const struct line *l)
{
	const char *end;

	assert(l->text.len <= (l->kind == LINE_LONG ? 0 : LINE_LENGTH_MAX));
	if (l->kind != LINE_STAT)
		return;
	end = l->text.p + l->text.len;
	assert(l->key.len > 0 && l->key.p == l->text.p + strlen("STAT "));
	assert(memchr(l->key.p, ' ', l->key.len) == NULL);
	assert(l->value.p + l->value.len == end);
	assert(l->value.len == 0 || (end[-1] != ' ' && end[-1] != '\r'));
}

/* Byte 0 is the size of pieces. */
int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct line_splitter s;
	struct span in = { data, size };
	struct line line;

	line_splitter_init(&s);
	while (in.len > 0) {
		struct span piece;
		char *copy = fuzz_cut(&in, (unsigned char)data[0] + 1U, &piece);
		size_t lines = 0;

		for (size_t i = 0; i < piece.len; i++)
			lines += copy[i] == '\n';
		for (; line_next(&s, &piece, &line); lines--)
			check(&line);
		assert(piece.len == 0 && lines == 0);
		free(copy);
	}
	line_splitter_release(&s);
	return 0;
}
