#include "fuzz.h"
#include "memcached/dns.h"

/*
 * Byte 0 says what was asked, and whether the rest is behind that question or
 * a message of its own.
 */
int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct span in = { data, size }, piece;
	struct endpoints found = { 0 };
	struct dns_question q;
	enum dns_outcome outcome;
	unsigned char kind, *message;
	char *rest;

	if (size == 0)
		return 0;
	kind = (unsigned char)data[0];
	in = (struct span){ data + 1, size - 1 };
	assert(dns_question_init(
	    &q, "cache.example", kind & 1 ? DNS_A : DNS_AAAA));
	dns_question_shuffle(&q, kind & 2);
	q.id = 0x1234;
	rest = fuzz_cut(&in, in.len, &piece);
	message = malloc(DNS_QUESTION_MAX + piece.len);
	size = dns_question_pack(&q, message) - (kind & 2 ? 0 : 11);
	if (kind & 4)
		size = 0;
	memcpy(message + size, rest, piece.len);
	if (size > 0 && piece.len > 4) {
		message[2] = (unsigned char)(0x80 | rest[0]); /* flags */
		message[3] = (unsigned char)rest[1];
		message[7] = (unsigned char)rest[2]; /* answers */
	}
	message = realloc(message, size + piece.len + 1);
	outcome = dns_answer(&q, message, size + piece.len, &found);
	assert((outcome == DNS_FOUND) == (found.len > 0));
	assert(found.len <= ENDPOINTS_MAX);
	free(message);
	free(rest);
	return 0;
}
