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

/* Takes the word at the front of *rest, and the one blank behind it. */
static struct span
take_word(struct span *rest)
{
	const char *blank = memchr(rest->p, ' ', rest->len);
	struct span word = *rest;

	if (blank == NULL) {
		rest->p += rest->len;
		rest->len = 0;
		return word;
	}
	word.len = (size_t)(blank - rest->p);
	rest->p += word.len + 1;
	rest->len -= word.len + 1;
	return word;
}

void
line_parse(struct line *line, struct span text)
{
	struct span rest = trim_end(text);
	struct span word;

	*line = (struct line){ .kind = LINE_OTHER, .text = rest };
	word = take_word(&rest);
	for (size_t i = 0; i < nitems(words); i++) {
		if (span_is(word, words[i].word)) {
			line->kind = words[i].kind;
			break;
		}
	}
	if (line->kind != LINE_STAT)
		return;
	line->key = take_word(&rest);
	line->value = rest;
	if (line->key.len == 0)
		line->kind = LINE_OTHER;
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
