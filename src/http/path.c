#include "http/path.h"

#include <string.h>

/* What a path may have as it is (RFC 3986, section 3.3). */
#define MARKS "-._~!$&'()*+,;=:@/"

static int
hex_digit(char c)
{
	char lower = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

size_t
path_decode(struct span text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int high = -1, low = -1;

		if (text.p[i] == '%' && text.len - i > 2) {
			high = hex_digit(text.p[i + 1]);
			low = hex_digit(text.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = text.p[i];
		}
	}
	return n;
}

void
path_clean(struct span path, struct buf *out)
{
	size_t begin = out->len, at = 0;

	while (at < path.len) {
		const char *from = path.p + at;
		const char *slash = memchr(from, '/', path.len - at);
		struct span name = { from, slash != NULL
					       ? (size_t)(slash - from)
					       : path.len - at };

		at += name.len + 1;
		if (span_is(name, "..")) {
			while (out->len > begin && out->p[--out->len] != '/')
				;
		} else if (name.len > 0 && !span_is(name, ".")) {
			buf_add_char(out, '/');
			buf_add_span(out, name);
		}
	}
	if (out->len == begin || path.p[path.len - 1] == '/')
		buf_add_char(out, '/');
}

void
path_encode(struct span path, struct buf *out)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.p[i];
		unsigned char lower = c | 0x20;

		if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
		    (c != '\0' && strchr(MARKS, c) != NULL))
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
