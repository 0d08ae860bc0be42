#include "stats/binary.h"

#include <arpa/inet.h>

#define HEADER_BYTES 24
#define MAGIC_REQUEST 0x80
#define MAGIC_RESPONSE 0x81
#define MECHANISM "PLAIN"

static void
add_u16(struct buf *out, size_t n)
{
	uint16_t word = htons((uint16_t)n);

	buf_add(out, &word, sizeof(word));
}

static void
add_u32(struct buf *out, size_t n)
{
	uint32_t word = htonl((uint32_t)n);

	buf_add(out, &word, sizeof(word));
}

static void
add_header_with(struct buf *out, enum binary_opcode opcode, size_t key_len,
    size_t extras, size_t body_len, uint32_t opaque)
{
	static const char cas[8];

	buf_add_char(out, (char)MAGIC_REQUEST);
	buf_add_char(out, (char)opcode);
	add_u16(out, key_len);
	add_u16(out, extras << 8); /* and the datatype */
	add_u16(out, 0);
	add_u32(out, body_len);
	add_u32(out, opaque);
	buf_add(out, cas, sizeof(cas));
}

static void
add_header(struct buf *out, enum binary_opcode opcode, size_t key_len,
    size_t body_len, uint32_t opaque)
{
	add_header_with(out, opcode, key_len, 0, body_len, opaque);
}

void
binary_noop(struct buf *out, uint32_t opaque)
{
	add_header(out, BINARY_NOOP, 0, 0, opaque);
}

void
binary_get(struct buf *out, struct span key, uint32_t opaque)
{
	add_header(out, BINARY_GETK, key.len, key.len, opaque);
	buf_add_span(out, key);
}

void
binary_delete(struct buf *out, struct span key, uint32_t opaque)
{
	add_header(out, BINARY_DELETE, key.len, key.len, opaque);
	buf_add_span(out, key);
}

/* The extras are flags and the time until it expires. */
void
binary_set(struct buf *out, struct span key, struct span value, uint32_t expiry,
    uint32_t opaque)
{
	size_t extras = 2 * sizeof(uint32_t);

	add_header_with(out, BINARY_SET, key.len, extras,
	    extras + key.len + value.len, opaque);
	add_u32(out, 0);
	add_u32(out, expiry);
	buf_add_span(out, key);
	buf_add_span(out, value);
}

void
binary_ask(struct buf *out, enum collector_id id)
{
	const char *argument = collectors[id].argument;
	size_t len = strlen(argument);

	add_header(out, BINARY_STAT, len, len, id);
	buf_add_str(out, argument);
}

void
binary_authenticate(struct buf *out, const char *username, const char *password)
{
	size_t key = strlen(MECHANISM);
	size_t value = strlen(username) + strlen(password) + 2;

	add_header(out, BINARY_SASL_AUTH, key, key + value, COLLECTORS);
	buf_add_str(out, MECHANISM);
	buf_add_char(out, '\0'); /* RFC 4616: no identity but the user's */
	buf_add_str(out, username);
	buf_add_char(out, '\0');
	buf_add_str(out, password);
}

static uint16_t
get_u16(const char *p)
{
	uint16_t word;

	memcpy(&word, p, sizeof(word));
	return ntohs(word);
}

static uint32_t
get_u32(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return ntohl(word);
}

void
binary_splitter_init(struct binary_splitter *s)
{
	buf_init(&s->partial, HEADER_BYTES + BINARY_GET_BODY_MAX);
	s->skip = 0;
}

void
binary_splitter_release(struct binary_splitter *s)
{
	buf_release(&s->partial);
}

/* Moves what is there and still wanted into the partial packet. */
static bool
fill(struct binary_splitter *s, struct span *data, size_t want)
{
	size_t missing = want - s->partial.len;
	size_t n = missing < data->len ? missing : data->len;

	buf_add(&s->partial, data->p, n);
	data->p += n;
	data->len -= n;
	return n == missing;
}

static void
skip(struct binary_splitter *s, struct span *data)
{
	size_t n = s->skip < data->len ? (size_t)s->skip : data->len;

	s->skip -= n;
	data->p += n;
	data->len -= n;
}

static uint32_t
body_max(uint8_t opcode)
{
	return opcode == BINARY_GETK ? BINARY_GET_BODY_MAX : BINARY_BODY_MAX;
}

enum binary_found
binary_next(
    struct binary_splitter *s, struct span *data, struct binary_packet *packet)
{
	size_t key_len, extras;
	const char *p;
	uint32_t body;

	skip(s, data);
	if (s->partial.len < HEADER_BYTES && !fill(s, data, HEADER_BYTES))
		return BINARY_NONE;
	p = s->partial.p;
	key_len = get_u16(p + 2);
	extras = (uint8_t)p[4];
	body = get_u32(p + 8);
	if ((uint8_t)p[0] != MAGIC_RESPONSE || key_len + extras > body)
		return BINARY_GARBAGE;
	*packet = (struct binary_packet){ .key = { "", 0 },
		.value = { "", 0 },
		.opcode = (uint8_t)p[1],
		.status = get_u16(p + 6),
		.opaque = get_u32(p + 12),
		.is_long = body > body_max((uint8_t)p[1]) };
	if (packet->is_long) {
		s->skip = body;
		s->partial.len = 0;
		return BINARY_PACKET;
	}
	if (!fill(s, data, HEADER_BYTES + body))
		return BINARY_NONE;
	p = s->partial.p + HEADER_BYTES + extras;
	packet->key = (struct span){ p, key_len };
	packet->value = (struct span){ p + key_len, body - extras - key_len };
	s->partial.len = 0;
	return BINARY_PACKET;
}
