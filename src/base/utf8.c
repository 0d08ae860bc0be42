#include "base/utf8.h"

#include <stdint.h>

/* RFC 3629, section 4: the bytes that may lead, and those that may follow. */
static const struct {
	uint8_t first, last;
	uint8_t second, second_last;
	size_t len;
} forms[] = {
	{ 0x00, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t
utf8_length(struct span s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t n = 0;

	if (s.len == 0)
		return 0;
	while (n < nitems(forms) &&
	       (p[0] < forms[n].first || p[0] > forms[n].last))
		n++;
	if (n == nitems(forms) || forms[n].len > s.len)
		return 0;
	if (forms[n].len > 1 &&
	    (p[1] < forms[n].second || p[1] > forms[n].second_last))
		return 0;
	for (size_t i = 2; i < forms[n].len; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return forms[n].len;
}
