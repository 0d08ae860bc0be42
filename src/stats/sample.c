#include "stats/sample.h"

/* What stands between words, and says nothing itself. */
static bool
is_gap(char c)
{
	return c == '\0' || c == '\r' || c == '\n' || c == ' ';
}

void
sample_add(struct sample *s, struct span data)
{
	size_t room = SAMPLE_MAX - s->len, skipped = 0;

	while (s->len == 0 && skipped < data.len && is_gap(data.p[skipped]))
		skipped++;
	data.p += skipped;
	data.len -= skipped;
	if (data.len < room)
		room = data.len;
	memcpy(s->bytes + s->len, data.p, room);
	s->len += room;
}

struct span
sample_text(const struct sample *s, char text[SAMPLE_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < s->len; i++) {
		char c = s->bytes[i];

		if (!is_gap(c))
			text[len++] = c;
		else if (len > 0 && text[len - 1] != ' ')
			text[len++] = ' ';
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return (struct span){ text, len };
}
