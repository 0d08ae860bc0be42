/* Files of lines and words, as those of /etc: both end at the end of a span. */
#ifndef MEMCACHED_WORDS_H
#define MEMCACHED_WORDS_H

#include "base/span.h"

/* Cuts the next line off the front, without its end and any comment. */
static inline bool
words_line(struct span *text, struct span *line)
{
	size_t len, end;

	if (text->len == 0)
		return false;
	for (len = 0; len < text->len && text->p[len] != '\n';)
		len++;
	for (end = 0; end < len && text->p[end] != '#' && text->p[end] != ';';)
		end++;
	*line = (struct span){ text->p, end };
	len += len < text->len;
	*text = (struct span){ text->p + len, text->len - len };
	return true;
}

static inline bool
words_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

/* Cuts the next word off the front; false when there is none. */
static inline bool
words_next(struct span *line, struct span *word)
{
	const char *p = line->p, *end = p + line->len;

	while (p < end && words_is_blank(*p))
		p++;
	word->p = p;
	while (p < end && !words_is_blank(*p))
		p++;
	word->len = (size_t)(p - word->p);
	*line = (struct span){ p, (size_t)(end - p) };
	return word->len > 0;
}

#endif
