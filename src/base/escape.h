/*
 * Text from peers, made safe for where it is written. Each of these appends
 * all of a text, and never what is no UTF-8 as it is, nor a control character.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include "base/buf.h"
#include "base/span.h"

/* Between quotes in a line of the log: `\"`, `\\`, `\n`, or `\x1b` a byte. */
void escape_log(struct buf *out, const char *text);

/*
 * On a line of a terminal, or of a text for people: control characters and
 * bytes that are no UTF-8 are `\x1b`, the rest is as it is.
 */
void escape_line(struct buf *out, const char *text);

/* Between the quotes of JSON (RFC 8259, section 7); no UTF-8 is U+FFFD. */
void escape_json(struct buf *out, const char *text);

/*
 * In HTML, as text or as an attribute's value between quotes (HTML Standard,
 * section 13.3); a control character and what is no UTF-8 is U+FFFD.
 */
void escape_html(struct buf *out, const char *text);

/*
 * Between the quotes of a label, in both formats of stats/text.h: `\\`, `\"`,
 * `\n`; another control character, which a terminal would obey, and what is no
 * UTF-8 is U+FFFD.
 */
void escape_label(struct buf *out, struct span value);

#endif
