#include "stats/line.h"

/* First words, as protocol.txt names them; the word ends at a blank. */
static const struct {
	const char *word;
	enum line_kind kind;
} words[] = {
	{ "STAT", LINE_STAT },
	{ "END", LINE_END },
	{ "ERROR", LINE_ERROR },
	{ "CLIENT_ERROR", LINE_ERROR },
	{ "SERVER_ERROR", LINE_ERROR },
	{ "RESET", LINE_RESET },
	{ "PREFIX", LINE_PREFIX },
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim_end(struct span s)
{
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

/* The bytes in front of the first blank. */
static struct span
first_word(struct span s)
{
	const char *blank = memchr(s.p, ' ', s.len);

	return (
	    struct span){ s.p, blank != NULL ? (size_t)(blank - s.p) : s.len };
}

static enum line_kind
kind_of(struct span word)
{
	for (size_t i = 0; i < nitems(words); i++) {
		if (span_is(word, words[i].word))
			return words[i].kind;
	}
	return LINE_OTHER;
}

void
line_parse(struct line *line, struct span text)
{
	static const char stat[] = "STAT ";
	struct span rest;

	line->text = trim_end(text);
	if (!span_begins(line->text, stat)) {
		line->kind = kind_of(first_word(line->text));
		if (line->kind == LINE_STAT)
			line->kind = LINE_OTHER; /* without a key */
		return;
	}
	rest = skip(line->text, sizeof(stat) - 1);
	line->key = first_word(rest);
	rest = skip(rest, line->key.len);
	line->value = rest.len > 0 ? skip(rest, 1) : rest;
	line->kind = line->key.len > 0 ? LINE_STAT : LINE_OTHER;
}

void
line_splitter_init(struct line_splitter *s)
{
	s->len = 0;
	s->skipping = false;
}

/* Keeps the start of a line whose end has not come; gives up a long one. */
static void
keep(struct line_splitter *s, struct span piece)
{
	if (s->skipping)
		return;
	if (piece.len > sizeof(s->partial) - s->len) {
		s->skipping = true;
		s->len = 0;
		return;
	}
	memcpy(s->partial + s->len, piece.p, piece.len);
	s->len += piece.len;
}

bool
line_next(struct line_splitter *s, struct span *data, struct line *line)
{
	const char *lf;
	struct span text;

	if (data->len == 0)
		return false;
	lf = memchr(data->p, '\n', data->len);
	if (lf == NULL) {
		keep(s, *data);
		data->p += data->len;
		data->len = 0;
		return false;
	}
	text = (struct span){ data->p, (size_t)(lf - data->p) };
	data->p += text.len + 1;
	data->len -= text.len + 1;
	if (s->len > 0 || s->skipping) {
		keep(s, text);
		text = (struct span){ s->partial, s->len };
	}
	if (s->skipping || text.len > LINE_LENGTH_MAX)
		*line = (struct line){ .kind = LINE_LONG };
	else
		line_parse(line, text);
	line_splitter_init(s);
	return true;
}
