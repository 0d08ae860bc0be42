#include "stats/line.h"

#include <stdio.h>

#include "support.h"

/* Appends what a line was taken for: "STAT[key][value]", "END[whole line]". */
static void
describe(struct buf *out, const struct line *line)
{
	static const char *const names[] = {
		[LINE_STAT] = "STAT",
		[LINE_END] = "END",
		[LINE_ERROR] = "ERROR",
		[LINE_RESET] = "RESET",
		[LINE_PREFIX] = "PREFIX",
		[LINE_WORD] = "WORD",
		[LINE_VALUE] = "VALUE",
		[LINE_COMPLAINT] = "COMPLAINT",
		[LINE_OTHER] = "OTHER",
		[LINE_LONG] = "LONG",
	};
	bool stat = line->kind == LINE_STAT;

	buf_add_str(out, names[line->kind]);
	buf_add_char(out, '[');
	buf_add_span(out, stat ? line->key : line->text);
	if (stat) {
		buf_add_str(out, "][");
		buf_add_span(out, line->value);
	}
	buf_add_char(out, ']');
}

static const struct {
	const char *name;
	struct span input;
	struct span lines;
} rows[] = {
	{ "usual", SPAN("STAT pid 1300\r\n"), SPAN("STAT[pid][1300]") },
	{ "LF alone", SPAN("STAT pid 1300\n"), SPAN("STAT[pid][1300]") },
	{ "two CR", SPAN("STAT pid 1300\r\r\n"), SPAN("STAT[pid][1300]") },
	{ "blanks behind", SPAN("STAT pid 1300 \t \r\n"),
	    SPAN("STAT[pid][1300]") },
	{ "blanks inside", SPAN("STAT logger standard  error\r\n"),
	    SPAN("STAT[logger][standard  error]") },
	{ "blank before the value", SPAN("STAT k  v\r\n"),
	    SPAN("STAT[k][ v]") },
	{ "CR inside", SPAN("STAT k a\rb\r\n"), SPAN("STAT[k][a\rb]") },
	{ "TAB is no separator", SPAN("STAT k\tv\r\n"), SPAN("STAT[k\tv][]") },
	{ "empty value", SPAN("STAT inter \r\n"), SPAN("STAT[inter][]") },
	{ "no value", SPAN("STAT inter\r\n"), SPAN("STAT[inter][]") },
	{ "no key", SPAN("STAT\r\n"), SPAN("OTHER[STAT]") },
	{ "blank for a key", SPAN("STAT \r\n"), SPAN("OTHER[STAT]") },
	{ "value without key", SPAN("STAT  v\r\n"), SPAN("OTHER[STAT  v]") },
	{ "longer word", SPAN("STATS k v\r\n"), SPAN("WORD[STATS k v]") },
	{ "lower case", SPAN("stat k v\r\n"), SPAN("OTHER[stat k v]") },
	{ "blank in front", SPAN(" STAT k v\r\n"), SPAN("OTHER[ STAT k v]") },
	{ "NUL", SPAN("STAT a\0b c\0d\r\n"), SPAN("STAT[a\0b][c\0d]") },
	{ "NUL in front", SPAN("\0STAT k v\r\n"), SPAN("OTHER[\0STAT k v]") },
	{ "high bytes", SPAN("STAT \xff\x80 \xfe\xc3\r\n"),
	    SPAN("STAT[\xff\x80][\xfe\xc3]") },
	{ "END", SPAN("END\r\n"), SPAN("END[END]") },
	{ "END, LF alone", SPAN("END\n"), SPAN("END[END]") },
	{ "END and blank", SPAN("END \r\n"), SPAN("END[END]") },
	{ "END and more", SPAN("END of it\r\n"), SPAN("END[END of it]") },
	{ "ENDS", SPAN("ENDS\r\n"), SPAN("WORD[ENDS]") },
	{ "RESET", SPAN("RESET\r\n"), SPAN("RESET[RESET]") },
	{ "PREFIX", SPAN("PREFIX p get 1\r\n"),
	    SPAN("PREFIX[PREFIX p get 1]") },
	{ "ERROR", SPAN("ERROR\r\n"), SPAN("ERROR[ERROR]") },
	{ "ERROR with words", SPAN("ERROR Too many\r\n"),
	    SPAN("ERROR[ERROR Too many]") },
	{ "CLIENT_ERROR", SPAN("CLIENT_ERROR x\r\n"),
	    SPAN("ERROR[CLIENT_ERROR x]") },
	{ "SERVER_ERROR", SPAN("SERVER_ERROR x\r\n"),
	    SPAN("ERROR[SERVER_ERROR x]") },
	{ "ERRORS", SPAN("ERRORS\r\n"), SPAN("WORD[ERRORS]") },
	{ "ERROR and a blank", SPAN("ERROR \r\n"), SPAN("ERROR[ERROR]") },
	{ "ERROR and a colon", SPAN("ERROR:\r\n"), SPAN("ERROR[ERROR:]") },
	{ "SERVER_ERROR: x", SPAN("SERVER_ERROR: x\r\n"),
	    SPAN("ERROR[SERVER_ERROR: x]") },
	{ "CLIENT_ERROR:x", SPAN("CLIENT_ERROR:x\r\n"),
	    SPAN("ERROR[CLIENT_ERROR:x]") },
	{ "END and a colon", SPAN("END:\r\n"), SPAN("OTHER[END:]") },
	{ "STAT and a colon", SPAN("STAT: a 1\r\n"), SPAN("OTHER[STAT: a 1]") },
	{ "INVALID", SPAN("INVALID\r\n"), SPAN("WORD[INVALID]") },
	{ "error", SPAN("error\r\n"), SPAN("COMPLAINT[error]") },
	{ "Error:", SPAN("Error: x\r\n"), SPAN("COMPLAINT[Error: x]") },
	{ "-ERR", SPAN("-ERR no stats\r\n"), SPAN("COMPLAINT[-ERR no stats]") },
	{ "Unknown", SPAN("Unknown command\r\n"),
	    SPAN("COMPLAINT[Unknown command]") },
	{ "errors", SPAN("errors 1\r\n"), SPAN("OTHER[errors 1]") },
	{ "RECV_TIMEOUT:", SPAN("RECV_TIMEOUT: 1\r\n"),
	    SPAN("WORD[RECV_TIMEOUT: 1]") },
	{ "one capital", SPAN("X 1\r\n"), SPAN("OTHER[X 1]") },
	{ "capitals and more", SPAN("HTTP/1.1 400\r\n"),
	    SPAN("OTHER[HTTP/1.1 400]") },
	{ "VALUE", SPAN("VALUE k 0 5\r\n"), SPAN("VALUE[VALUE k 0 5]") },
	{ "empty line", SPAN("\r\n"), SPAN("OTHER[]") },
	{ "LF", SPAN("\n"), SPAN("OTHER[]") },
	{ "several", SPAN("STAT a 1\r\n\nSTAT b 2\nEND\r\n"),
	    SPAN("STAT[a][1]OTHER[]STAT[b][2]END[END]") },
	{ "the last one is not whole", SPAN("END\r\nSTAT a 1\r"),
	    SPAN("END[END]") },
	{ "not one", SPAN("STAT a 1"), SPAN("") },
	{ "nothing", SPAN(""), SPAN("") },
};

/* Feeds one piece, describing the lines that end in it. */
static void
feed(struct line_splitter *s, struct span piece, struct buf *out)
{
	/* a copy, so that reading past it is found */
	char *copy = malloc(piece.len + 1);
	struct span data = { copy, piece.len };
	struct line line = { 0 };

	memcpy(copy, piece.p, piece.len);
	while (line_next(s, &data, &line))
		describe(out, &line);
	check_number("left behind", data.len, 0);
	free(copy);
}

/* Bit i of cuts: whether there is a cut behind byte i, i + 8, i + 16, … */
static void
feed_in_pieces(struct span input, unsigned cuts, struct buf *out)
{
	struct line_splitter s;
	size_t from = 0;

	line_splitter_init(&s);
	for (size_t i = 0; i < input.len; i++) {
		if ((cuts >> i % 8 & 1) == 0 && i + 1 < input.len)
			continue;
		feed(&s, (struct span){ input.p + from, i + 1 - from }, out);
		from = i + 1;
	}
	line_splitter_release(&s);
}

TEST(every_chunking)
{
	for (EACH(r, rows)) {
		for (unsigned cuts = 0; cuts < 256; cuts++) {
			struct buf out;

			buf_init(&out, 1024);
			feed_in_pieces(r->input, cuts, &out);
			check_bytes(r->name, span_of_buf(&out), r->lines);
			buf_release(&out);
		}
	}
}

/* As feed_in_pieces, with all pieces of one size. */
static void
feed_by(struct span input, size_t size, struct buf *out)
{
	struct line_splitter s;

	line_splitter_init(&s);
	for (size_t from = 0; from < input.len; from += size) {
		size_t left = input.len - from;

		feed(&s,
		    (struct span){ input.p + from, size < left ? size : left },
		    out);
	}
	line_splitter_release(&s);
}

/* What comes of a line of len bytes, its CR included, and of the next. */
TEST(long_lines)
{
	static const struct {
		const char *name;
		size_t len;
		bool kept;
	} lengths[] = {
		{ "longest but one", LINE_LENGTH_MAX - 1, true },
		{ "longest", LINE_LENGTH_MAX, true },
		{ "too long", LINE_LENGTH_MAX + 1, false },
		{ "twice as long", 2 * LINE_LENGTH_MAX, false },
		{ "100 kB", 100000, false },
	};
	static const size_t sizes[] = { 1, 7, 4096, LINE_LENGTH_MAX,
		LINE_LENGTH_MAX + 1, 1 << 20 };
	static char input[110000];

	for (EACH(r, lengths)) {
		/* "STAT a xx…x CR LF" comes out as "STAT[a][xx…x]" */
		size_t wanted = r->kept ? r->len + 1 : strlen("LONG[]");
		size_t n = (size_t)sprintf(input, "STAT a %0*d\r\nSTAT b 2\n",
		    (int)r->len - (int)strlen("STAT a \r"), 0);

		for (EACH(size, sizes)) {
			struct buf out;

			buf_init(&out, 2 * LINE_LENGTH_MAX);
			feed_by((struct span){ input, n }, *size, &out);
			check_number(
			    r->name, out.len, wanted + strlen("STAT[b][2]"));
			buf_release(&out);
		}
	}
}

/* Counted bytes between lines, in pieces of any size. */
TEST(counted)
{
	static const char text[] =
	    "VALUE k 0 12\r\nEND\r\nSTAT\0a\n\r\nEND\r\n";
	struct span whole = SPAN(text);

	for (size_t size = 1; size <= whole.len; size++) {
		struct line line = { .kind = LINE_LONG };
		bool in_bytes = false, taken = false, ended = false;
		struct line_splitter s;

		line_splitter_init(&s);
		for (size_t at = 0; at < whole.len; at += size) {
			size_t n = whole.len - at;
			struct span data = { whole.p + at,
				n < size ? n : size };
			struct span bytes;

			while (!in_bytes && line_next(&s, &data, &line)) {
				in_bytes =
				    !taken && span_begins(line.text, "VALUE");
				ended = line.kind == LINE_END;
			}
			if (!in_bytes ||
			    !line_take_bytes(&s, &data, 12, &bytes))
				continue;
			check_bytes("bytes", bytes, SPAN("END\r\nSTAT\0a\n"));
			in_bytes = false;
			taken = true;
			while (line_next(&s, &data, &line))
				ended = line.kind == LINE_END;
		}
		check("taken", taken);
		check("ended", ended);
		line_splitter_release(&s);
	}
}

/* Up to the limit they are handed out, past it they are passed over. */
TEST(many_counted)
{
	static char text[LINE_BYTES_MAX + 1];

	for (size_t n = LINE_BYTES_MAX; n <= LINE_BYTES_MAX + 1; n++) {
		struct span first = { text, 1 }, rest = { text + 1, n - 1 };
		struct line_splitter s;
		struct span bytes;

		line_splitter_init(&s);
		check("first", !line_take_bytes(&s, &first, n, &bytes));
		check("rest", line_take_bytes(&s, &rest, n, &bytes));
		check_number("left", rest.len, 0);
		check_number("len", bytes.len, n == LINE_BYTES_MAX ? n : 0);
		check_number("none", bytes.p == NULL, n > LINE_BYTES_MAX);
		line_splitter_release(&s);
	}
}

TESTS("line", T(counted), T(many_counted), T(every_chunking), T(long_lines))
