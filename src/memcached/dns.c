#include "memcached/dns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/span.h"

#define HEADER_BYTES 12
#define LABEL_MAX 63

/* Of a name that goes on elsewhere: two bytes, the rest of them is where. */
#define POINTER 0xc0

#define CLASS_IN 1
#define TYPE_OPT 41

#define FLAG_RESPONSE 0x8000U
#define FLAG_TRUNCATED 0x0200U
#define FLAG_RECURSE 0x0100U
#define RCODE 0x000fU
#define RCODE_NONE 0
#define RCODE_NO_NAME 3

/* What is left to read of a message; empty after a read past its end. */
struct reader {
	const unsigned char *p;
	size_t len;
	bool is_short;
};

static const unsigned char *
take(struct reader *r, size_t n)
{
	const unsigned char *p = r->p;

	if (n > r->len) {
		r->is_short = true;
		r->len = 0;
		return NULL;
	}
	r->p += n;
	r->len -= n;
	return p;
}

static uint16_t
take16(struct reader *r)
{
	const unsigned char *p = take(r, 2);

	return p != NULL ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static unsigned char *
put16(unsigned char *p, unsigned n)
{
	p[0] = (unsigned char)(n >> 8);
	p[1] = (unsigned char)n;
	return p + 2;
}

/* Wherever a pointer leads. */
static void
skip_name(struct reader *r)
{
	const unsigned char *length;

	while ((length = take(r, 1)) != NULL && *length != 0) {
		if ((*length & POINTER) == POINTER) {
			(void)take(r, 1);
			break;
		}
		(void)take(r, *length);
	}
}

bool
dns_question_init(struct dns_question *q, const char *name, enum dns_type type)
{
	*q = (struct dns_question){ .type = (uint16_t)type };
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		/* with its length, and the empty label at the end */
		if (len == 0 || len > LABEL_MAX ||
		    q->name_len + 1 + len + 1 > sizeof(q->name))
			return false;
		q->name[q->name_len++] = (unsigned char)len;
		memcpy(q->name + q->name_len, name, len);
		q->name_len += len;
		name += len;
		name += *name == '.';
	}
	q->name[q->name_len++] = 0;
	return q->name_len > 1;
}

/* Lengths are no letters, since they are 63 at most. */
static void
mix_cases(struct dns_question *q, const unsigned char *bits)
{
	for (size_t i = 0; i < q->name_len; i++) {
		int c = tolower(q->name[i]);

		if (bits != NULL && c >= 'a' && c <= 'z' &&
		    bits[i / 8] & 1U << i % 8)
			c = toupper(c);
		q->name[i] = (unsigned char)c;
	}
}

void
dns_question_shuffle(struct dns_question *q, bool is_plain)
{
	unsigned char bits[sizeof(q->name) / 8 + 1];

	if (getentropy(&q->id, sizeof(q->id)) != 0 ||
	    getentropy(bits, sizeof(bits)) != 0)
		abort();
	q->is_plain = is_plain;
	mix_cases(q, is_plain ? NULL : bits);
}

size_t
dns_question_pack(
    const struct dns_question *q, unsigned char out[DNS_QUESTION_MAX])
{
	unsigned char *p = put16(out, q->id);

	p = put16(p, FLAG_RECURSE);
	p = put16(p, 1); /* questions */
	p = put16(p, 0);
	p = put16(p, 0);
	p = put16(p, !q->is_plain); /* records besides */
	memcpy(p, q->name, q->name_len);
	p = put16(p + q->name_len, q->type);
	p = put16(p, CLASS_IN);
	if (q->is_plain)
		return (size_t)(p - out);
	*p++ = 0; /* of the root */
	p = put16(p, TYPE_OPT);
	p = put16(p, DNS_DATAGRAM_MAX);
	memset(p, 0, 6); /* no flags, no options */
	return (size_t)(p + 6 - out);
}

/* Whether the message's question is this one. */
static bool
is_of(const struct dns_question *q, struct reader *r)
{
	const unsigned char *name = take(r, q->name_len);
	uint16_t type = take16(r), class = take16(r);

	if (r->is_short || type != q->type || class != CLASS_IN)
		return false;
	if (!q->is_plain)
		return memcmp(name, q->name, q->name_len) == 0;
	for (size_t i = 0; i < q->name_len; i++) {
		if (tolower(name[i]) != q->name[i])
			return false;
	}
	return true;
}

/*
 * All addresses of the type, whose name they are: what stands before them are
 * the aliases that lead there, and a server that we ask can say what it likes.
 */
static enum dns_outcome
take_addresses(const struct dns_question *q, struct reader *r, unsigned records,
    struct endpoints *found)
{
	size_t size = q->type == DNS_A ? 4 : 16, before = found->len;
	bool any = false;

	for (; records > 0; records--) {
		const unsigned char *data;
		uint16_t type, class, len;

		skip_name(r);
		type = take16(r);
		class = take16(r);
		(void)take(r, 4); /* how long it may be kept */
		len = take16(r);
		data = take(r, len);
		if (r->is_short) {
			found->len = before;
			return DNS_FAILED;
		}
		if (type != q->type || class != CLASS_IN || len != size)
			continue;
		endpoints_add(
		    found, q->type == DNS_A ? AF_INET : AF_INET6, data);
		any = true;
	}
	return any ? DNS_FOUND : DNS_NOT_FOUND;
}

enum dns_outcome
dns_answer(const struct dns_question *q, const unsigned char *message,
    size_t len, struct endpoints *found)
{
	struct reader r = { message, len, false };
	uint16_t id = take16(&r), flags = take16(&r), questions = take16(&r);
	uint16_t answers = take16(&r);

	(void)take(&r, 4); /* the other records' numbers */
	if (r.is_short || id != q->id || !(flags & FLAG_RESPONSE))
		return DNS_OTHER;
	/* one that did not understand the question may leave it out */
	if (questions == 0 && (flags & RCODE) != RCODE_NONE && r.len == 0)
		return DNS_FAILED;
	if (questions != 1 || !is_of(q, &r))
		return DNS_OTHER;
	if (flags & FLAG_TRUNCATED)
		return DNS_CUT;
	if ((flags & RCODE) == RCODE_NO_NAME)
		return DNS_NOT_FOUND;
	if ((flags & RCODE) != RCODE_NONE)
		return DNS_FAILED;
	return take_addresses(q, &r, answers, found);
}
