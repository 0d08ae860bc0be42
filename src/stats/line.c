#include "stats/line.h"

#include <strings.h>

/*
 * First words, as protocol.txt names them; the word ends at a blank, or, in
 * other servers' errors, at a colon.
 */
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
	{ "VALUE", LINE_VALUE },
};

/* First words of errors in other servers, in any case. */
static const char *const complaints[] = { "error", "client_error",
	"server_error", "err", "-err", "-error", "invalid", "unknown" };

static bool
is_blank(char c)
{
	return c == '\r' || c == ' ' || c == '\t';
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

static bool
is_in_capitals(struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		if ((word.p[i] < 'A' || word.p[i] > 'Z') && word.p[i] != '_')
			return false;
	}
	return word.len > 1;
}

static bool
is_complaint(struct span word)
{
	for (size_t i = 0; i < nitems(complaints); i++) {
		if (strlen(complaints[i]) == word.len &&
		    strncasecmp(complaints[i], word.p, word.len) == 0)
			return true;
	}
	return false;
}

static enum line_kind
kind_of_word(struct span word)
{
	for (size_t i = 0; i < nitems(words); i++) {
		if (span_is(word, words[i].word))
			return words[i].kind;
	}
	if (is_in_capitals(word))
		return LINE_WORD;
	return is_complaint(word) ? LINE_COMPLAINT : LINE_OTHER;
}

/* Only an error may have a colon behind its word. */
static enum line_kind
kind_of(struct span text)
{
	struct span word = first_word(text);
	const char *colon = memchr(word.p, ':', word.len);
	enum line_kind kind;

	if (colon == NULL)
		return kind_of_word(word);
	word.len = (size_t)(colon - word.p);
	kind = kind_of_word(word);
	return kind == LINE_ERROR || kind == LINE_WORD || kind == LINE_COMPLAINT
		   ? kind
		   : LINE_OTHER;
}

/* Says what one line is; text is without LF. The spans point into text. */
static inline void
parse(struct line *line, struct span text)
{
	static const char stat[] = "STAT ";
	struct span rest;

	text = trim_end(text);
	line->text = text;
	if (!span_begins(text, stat)) {
		line->kind = kind_of(text);
		if (line->kind == LINE_STAT)
			line->kind = LINE_OTHER; /* without a key */
		return;
	}
	/* not empty: what ends in a blank has been trimmed */
	rest = skip(text, sizeof(stat) - 1);
	line->key = first_word(rest);
	rest = skip(rest, line->key.len);
	line->value = rest.len > 0 ? skip(rest, 1) : rest;
	line->kind = line->key.len > 0 ? LINE_STAT : LINE_OTHER;
}

void
line_splitter_init(struct line_splitter *s)
{
	buf_init(&s->partial, LINE_LENGTH_MAX);
	buf_init(&s->counted, LINE_BYTES_MAX);
	s->passed = 0;
}

void
line_splitter_release(struct line_splitter *s)
{
	buf_release(&s->partial);
	buf_release(&s->counted);
}

/* A line whose start, or more, came before; the next one begins anew. */
static void
parse_partial(struct line_splitter *s, struct span end, struct line *line)
{
	buf_add_span(&s->partial, end);
	if (s->partial.full)
		*line = (struct line){ .kind = LINE_LONG };
	else
		parse(line, (struct span){ s->partial.p, s->partial.len });
	s->partial.len = 0;
	s->partial.full = false;
}

bool
line_next(struct line_splitter *s, struct span *data, struct line *line)
{
	struct span text = *data;
	const char *lf;

	if (text.len == 0)
		return false;
	lf = memchr(text.p, '\n', text.len);
	if (lf == NULL) {
		buf_add_span(&s->partial, text);
		*data = skip(text, text.len);
		return false;
	}
	text.len = (size_t)(lf - text.p);
	*data = skip(*data, text.len + 1);
	if (s->partial.len > 0 || s->partial.full)
		parse_partial(s, text, line);
	else if (text.len > LINE_LENGTH_MAX)
		*line = (struct line){ .kind = LINE_LONG };
	else
		parse(line, text);
	return true;
}

/* Too many to keep. */
static bool
pass_bytes(struct line_splitter *s, struct span *data, size_t n)
{
	size_t missing = n - s->passed;

	if (data->len < missing) {
		s->passed += data->len;
		*data = skip(*data, data->len);
		return false;
	}
	*data = skip(*data, missing);
	s->passed = 0;
	return true;
}

bool
line_take_bytes(
    struct line_splitter *s, struct span *data, size_t n, struct span *bytes)
{
	size_t missing = n - s->counted.len;

	if (n > LINE_BYTES_MAX) {
		*bytes = (struct span){ NULL, 0 };
		return pass_bytes(s, data, n);
	}
	if (data->len < missing) {
		buf_add_span(&s->counted, *data);
		*data = skip(*data, data->len);
		return false;
	}
	if (s->counted.len == 0) {
		*bytes = (struct span){ data->p, n };
	} else {
		buf_add(&s->counted, data->p, missing);
		*bytes = (struct span){ s->counted.p, n };
		s->counted.len = 0;
	}
	*data = skip(*data, missing);
	return true;
}

bool
line_splitter_may_go_on(const struct line_splitter *s)
{
	struct span text = { s->partial.p, s->partial.len };
	struct span word;

	if (s->partial.full)
		return false;
	if (text.len == 0)
		return true;
	word = first_word(trim_end(text));
	for (size_t i = 0; i < nitems(words); i++) {
		if (strncmp(words[i].word, word.p, word.len) == 0)
			return true;
	}
	return false;
}
