#include "stats/text.h"

#include "base/utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static void
escape(struct buf *out, struct span s)
{
	while (s.len > 0) {
		size_t n = utf8_length(s);

		if (n == 0) {
			buf_add_str(out, REPLACEMENT);
			n = 1;
		} else if (s.p[0] == '\n') {
			buf_add_str(out, "\\n");
		} else if (s.p[0] == '\\') {
			buf_add_str(out, "\\\\");
		} else if (s.p[0] == '"') {
			buf_add_str(out, "\\\"");
		} else {
			buf_add(out, s.p, n);
		}
		s.p += n;
		s.len -= n;
	}
}

void
text_family(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_add_str(out, "# HELP ");
	buf_add_str(out, name);
	buf_add_char(out, ' ');
	buf_add_str(out, help);
	buf_add_str(out, "\n# TYPE ");
	buf_add_str(out, name);
	buf_add_char(out, ' ');
	buf_add_str(out, type);
	buf_add_char(out, '\n');
}

void
text_label(struct buf *out, const char *name, struct span value)
{
	if (out->len > 0 && out->p[out->len - 1] != '{')
		buf_add_char(out, ',');
	buf_add_str(out, name);
	buf_add_str(out, "=\"");
	escape(out, value);
	buf_add_char(out, '"');
}

void
text_sample_u64(
    struct buf *out, const char *name, const char *labels, uint64_t value)
{
	buf_add_str(out, name);
	if (labels != NULL) {
		buf_add_char(out, '{');
		buf_add_str(out, labels);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ' ');
	buf_add_u64(out, value);
	buf_add_char(out, '\n');
}

void
text_seconds(struct buf *out, uint64_t us)
{
	char fraction[8] = { '.' };
	uint64_t rest = us % 1000000;

	buf_add_u64(out, us / 1000000);
	if (rest == 0)
		return;
	for (size_t i = 6; i > 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	buf_add(out, fraction, 7);
}
