#include "stats/get.h"

#include "base/parse.h"

static const char crlf[] = "\r\n";
#define CRLF_BYTES (sizeof(crlf) - 1)

/* Cuts the next word off the front; empty when there is none. */
static struct span
next_word(struct span *text)
{
	struct span word;

	while (text->len > 0 && text->p[0] == ' ') {
		text->p++;
		text->len--;
	}
	word = (struct span){ text->p, 0 };
	while (word.len < text->len && word.p[word.len] != ' ')
		word.len++;
	text->p += word.len;
	text->len -= word.len;
	return word;
}

static enum get_event
take_head(struct get_answer *g, struct span key, struct span text)
{
	struct span name;
	uint64_t n;

	(void)next_word(&text); /* VALUE */
	name = next_word(&text);
	(void)next_word(&text); /* the flags */
	if (parse_u64(next_word(&text), &n) < 0 || n > GET_BYTES_MAX)
		return GET_BROKEN;
	g->is_other = g->has_answer || name.len != key.len ||
		      memcmp(name.p, key.p, key.len) != 0;
	g->has_answer = true;
	g->bytes = (size_t)n + CRLF_BYTES;
	return GET_MORE;
}

enum get_event
get_line(struct get_answer *g, struct span key, const struct line *line)
{
	bool begun = g->has_answer;

	switch (line->kind) {
	case LINE_VALUE:
		return take_head(g, key, line->text);
	case LINE_END:
		*g = (struct get_answer){ 0 };
		return GET_END;
	case LINE_ERROR:
	case LINE_WORD:
	case LINE_COMPLAINT:
	case LINE_OTHER:
		/* the plugin refuses in a sentence */
		if (line->text.len == 0 && !begun)
			return GET_MORE;
		if (begun && line->kind != LINE_ERROR)
			return GET_BROKEN;
		*g = (struct get_answer){ 0 };
		return GET_REFUSED;
	case LINE_STAT:
	case LINE_RESET:
	case LINE_PREFIX:
	case LINE_LONG:
		break;
	}
	return GET_BROKEN;
}

enum get_event
get_bytes(struct get_answer *g, struct span *bytes)
{
	g->bytes = 0;
	if (bytes->p == NULL)
		return g->is_other ? GET_OTHER_KEY : GET_TOO_LARGE;
	bytes->len -= CRLF_BYTES;
	if (memcmp(bytes->p + bytes->len, crlf, CRLF_BYTES) != 0)
		return GET_BROKEN;
	return g->is_other ? GET_OTHER_KEY : GET_VALUE;
}
