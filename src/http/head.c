#include "http/head.h"

#include <stdint.h>
#include <strings.h>

#include "base/parse.h"

#define TOKEN_MARKS "!#$%&'*+-.^_`|~"
#define HOST_MARKS "[]:(),;="

static const struct {
	int status;
	const char *sentence;
} faults[] = {
	[HEAD_FINE] = { 0, "" },
	[HEAD_PARTIAL] = { 0, "" },
	[HEAD_TOO_LARGE] = { 431,
	    "The request header is too large: at most 16 KiB and 100 lines." },
	[HEAD_NOT_HTTP] = { 400, "Not an HTTP/1.1 or HTTP/1.0 request." },
	[HEAD_NOT_A_TARGET] = { 400,
	    "The request target is neither a path nor an http:// URL." },
	[HEAD_NOT_A_HEADER] = { 400,
	    "Malformed request header: a line is not \"Name: value\"." },
	[HEAD_CONTROL] = { 400,
	    "Ambiguous request framing: a control character in a header." },
	[HEAD_FOLDED] = { 400,
	    "Ambiguous request framing: a header line begins with a blank." },
	[HEAD_HOST] = { 400,
	    "The request needs exactly one Host header: host or host:port." },
	[HEAD_TRANSFER_ENCODING] = { 400,
	    "Ambiguous request framing: Transfer-Encoding is not accepted." },
	[HEAD_LENGTH] = { 400,
	    "Ambiguous request framing: Content-Length is not a number." },
	[HEAD_LENGTHS] = { 400,
	    "Ambiguous request framing: more than one Content-Length." },
	[HEAD_BODY] = { 413, "Requests with a body are not accepted." },
	[HEAD_EXPECT] = { 417,
	    "The Expect header asks for something unknown." },
	[HEAD_NOT_TLS] = { 400,
	    "The client sent an HTTP request to an HTTPS server." },
};
_Static_assert(nitems(faults) == HEAD_FAULTS, "a row for each");
_Static_assert(HEAD_BYTES_MAX == 16 << 10 && HEAD_FIELDS_MAX == 100,
    "as the sentence says");

/* What the header says of the request itself. */
struct said {
	unsigned fields, hosts, lengths;
	uint64_t length;
	bool close, keep_alive, is_encoded;
};

/* RFC 9110, section 5.6.2. */
static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i], lower = (char)(c | 0x20);

		if (!(lower >= 'a' && lower <= 'z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(TOKEN_MARKS, c) == NULL))
			return false;
	}
	return s.len > 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Others may see the end of a line where a control character is. */
static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = (struct span){ s.p + 1, s.len - 1 };
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.p, word, s.len) == 0;
}

/* Cuts a piece off the front of *rest, up to the mark, which goes. */
static struct span
cut(struct span *rest, char mark)
{
	const char *end = memchr(rest->p, mark, rest->len);
	struct span piece = *rest;

	if (end == NULL) {
		*rest = (struct span){ rest->p + rest->len, 0 };
		return piece;
	}
	piece.len = (size_t)(end - rest->p);
	*rest = (struct span){ end + 1, rest->len - piece.len - 1 };
	return piece;
}

static struct span
cut_line(struct span *rest)
{
	struct span line = cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* One of the elements of a list (RFC 9110, section 5.6.1). */
static bool
has_element(struct span list, const char *word)
{
	while (list.len > 0) {
		if (is_word(trim(cut(&list, ',')), word))
			return true;
	}
	return false;
}

/* It may be empty (RFC 9112, section 3.2; RFC 3986, section 3.2). */
static enum head_fault
take_host(struct said *s, struct span value)
{
	s->hosts++;
	for (size_t i = 0; i < value.len; i++) {
		struct span c = { value.p + i, 1 };

		if (!is_token(c) &&
		    memchr(HOST_MARKS, c.p[0], sizeof(HOST_MARKS) - 1) == NULL)
			return HEAD_HOST;
	}
	return HEAD_FINE;
}

static enum head_fault
take_length(struct said *s, struct span value)
{
	if (s->lengths++ > 0)
		return HEAD_LENGTHS;
	return parse_u64(value, &s->length) < 0 ? HEAD_LENGTH : HEAD_FINE;
}

static enum head_fault
take_encoding(struct said *s, struct span value)
{
	if (s->is_encoded || !is_word(value, "chunked"))
		return HEAD_TRANSFER_ENCODING;
	s->is_encoded = true;
	return HEAD_FINE;
}

static enum head_fault
take_connection(struct said *s, struct span value)
{
	s->close |= has_element(value, "close");
	s->keep_alive |= has_element(value, "keep-alive");
	return HEAD_FINE;
}

static enum head_fault
take_expect(struct said *s, struct span value)
{
	(void)s;
	return is_word(value, "100-continue") ? HEAD_FINE : HEAD_EXPECT;
}

/* The header lines that count here. */
static const struct {
	const char *name;
	enum head_fault (*take)(struct said *s, struct span value);
} taken[] = {
	{ "Host", take_host },
	{ "Content-Length", take_length },
	{ "Transfer-Encoding", take_encoding },
	{ "Connection", take_connection },
	{ "Expect", take_expect },
};

static enum head_fault
take_line(struct said *s, struct span line)
{
	struct span name, value = line;

	if (line.len > 0 && is_blank(line.p[0]))
		return HEAD_FOLDED;
	if (has_control(line))
		return HEAD_CONTROL;
	if (memchr(line.p, ':', line.len) == NULL)
		return HEAD_NOT_A_HEADER;
	name = cut(&value, ':');
	if (!is_token(name))
		return HEAD_NOT_A_HEADER;
	if (s->fields++ == HEAD_FIELDS_MAX)
		return HEAD_TOO_LARGE;
	for (size_t i = 0; i < nitems(taken); i++) {
		if (is_word(name, taken[i].name))
			return taken[i].take(s, trim(value));
	}
	return HEAD_FINE;
}

static enum head_fault
take_fields(struct head *h, struct said *s)
{
	struct span rest = h->fields;
	enum head_fault fault = HEAD_FINE;

	while (rest.len > 0 && fault == HEAD_FINE)
		fault = take_line(s, cut_line(&rest));
	if (fault != HEAD_FINE)
		return fault;
	if (s->hosts > 1 || (s->hosts == 0 && !h->is_http10))
		return HEAD_HOST;
	if (s->is_encoded && (s->lengths > 0 || h->is_http10))
		return HEAD_TRANSFER_ENCODING;
	if (s->length > 0 || s->is_encoded)
		return HEAD_BODY;
	h->keeps_alive = !s->close && (!h->is_http10 || s->keep_alive);
	return HEAD_FINE;
}

/*
 * A path alone, or behind the scheme and the host of a URL, which a proxy
 * would be sent (RFC 9112, section 3.2). CONNECT names a host instead.
 */
static enum head_fault
take_target(struct head *h, struct span target)
{
	static const char *const schemes[] = { "http://", "https://" };
	struct span rest = target;

	if (span_is(h->method, "CONNECT") && !span_begins(target, "/"))
		rest = span_of("/");
	for (size_t i = 0; i < nitems(schemes); i++) {
		size_t n = strlen(schemes[i]);

		if (target.len < n || strncasecmp(target.p, schemes[i], n) != 0)
			continue;
		for (; n < target.len && strchr("/?#", target.p[n]) == NULL;
		     n++)
			;
		rest = (struct span){ target.p + n, target.len - n };
	}
	if (rest.p == target.p && rest.p[0] != '/' && !span_is(target, "*"))
		return HEAD_NOT_A_TARGET;
	rest = cut(&rest, '#');
	h->path = cut(&rest, '?');
	h->query = rest;
	if (h->path.len == 0)
		h->path = span_of("/");
	return HEAD_FINE;
}

static enum head_fault
take_request_line(struct head *h, struct span line)
{
	struct span rest = line, target;

	if (has_control(line) || memchr(line.p, '\t', line.len) != NULL)
		return HEAD_NOT_HTTP;
	h->method = cut(&rest, ' ');
	target = cut(&rest, ' ');
	if (!is_token(h->method) || target.len == 0 || rest.len != 8 ||
	    !span_begins(rest, "HTTP/1.") || rest.p[7] < '0' || rest.p[7] > '9')
		return HEAD_NOT_HTTP;
	h->is_http10 = rest.p[7] == '0';
	return take_target(h, target);
}

/* Whether the bytes up to an empty line are there; *at is behind them. */
static bool
find_end(const char *p, size_t len, size_t *scanned, size_t *at)
{
	const char *end = p + len, *line = p + *scanned, *lf;

	while ((lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		const char *next = lf + 1;

		if (next < end && *next == '\r')
			next++;
		if (next == end)
			break;
		if (*next == '\n') {
			*at = (size_t)(next + 1 - p);
			return true;
		}
		line = lf + 1;
	}
	*scanned = (size_t)((lf != NULL ? lf : end) - p);
	return false;
}

/* A client may send some before a request (RFC 9112, section 2.2). */
static size_t
skip_empty_lines(const char *p, size_t len)
{
	size_t at = 0;

	for (;;) {
		size_t cr = at < len && p[at] == '\r';

		if (at + cr == len)
			return len;
		if (p[at + cr] != '\n')
			return at;
		at += cr + 1;
	}
}

/*
 * A line that has just come whole tells already: what speaks another protocol
 * does not wait for an empty line behind it.
 */
static enum head_fault
look_at_request_line(struct head *h, struct span come, size_t looked_at)
{
	struct head got = { 0 };
	enum head_fault fault;

	if (memchr(come.p, '\n', looked_at) != NULL ||
	    memchr(come.p, '\n', come.len) == NULL)
		return HEAD_PARTIAL;
	fault = take_request_line(&got, cut_line(&come));
	if (fault == HEAD_FINE)
		return HEAD_PARTIAL;
	h->method = got.method;
	return fault;
}

enum head_fault
head_read(struct head *h, const char *p, size_t len, size_t *scanned)
{
	struct said said = { 0 };
	enum head_fault fault;
	struct span rest;
	size_t begin, end = 0, before;

	*h = (struct head){ 0 };
	begin = skip_empty_lines(p, len);
	if (begin < len && !is_token((struct span){ p + begin, 1 }))
		return HEAD_NOT_HTTP;
	if (*scanned < begin)
		*scanned = begin;
	before = *scanned;
	if (!find_end(p, len, scanned, &end) && len < HEAD_BYTES_MAX)
		return look_at_request_line(
		    h, (struct span){ p + begin, len - begin }, before - begin);
	if (end == 0 || end > HEAD_BYTES_MAX)
		return HEAD_TOO_LARGE;
	h->len = end;
	rest = (struct span){ p + begin, end - begin };
	fault = take_request_line(h, cut_line(&rest));
	if (fault != HEAD_FINE)
		return fault;
	/* without the empty line */
	h->fields = (struct span){ rest.p, rest.len - 1 };
	if (rest.len > 1 && rest.p[rest.len - 2] == '\r')
		h->fields.len--;
	return take_fields(h, &said);
}

int
head_fault_status(enum head_fault fault)
{
	return faults[fault].status;
}

const char *
head_fault_sentence(enum head_fault fault)
{
	return faults[fault].sentence;
}

bool
head_next(struct span *rest, struct head_field *f)
{
	struct span line;

	if (rest->len == 0)
		return false;
	line = cut_line(rest);
	f->name = cut(&line, ':');
	f->value = trim(line);
	return true;
}

struct span
head_value(const struct head *h, const char *name)
{
	struct span rest = h->fields;
	struct head_field f;

	while (head_next(&rest, &f)) {
		if (is_word(f.name, name))
			return f.value;
	}
	return (struct span){ NULL, 0 };
}
