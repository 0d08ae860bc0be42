/*
 * What was read as an address is written so that it is read the same, and what
 * was read as a name is no address to the system.
 */
#include <netdb.h>

#include "base/address.h"
#include "base/mem.h"
#include "fuzz.h"

static bool
is_number_to_the_system(const char *host)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	char *text = xstrndup(data, size);
	char once[ADDRESS_TEXT_MAX], twice[ADDRESS_TEXT_MAX];
	struct address a, b;
	struct endpoint ep;
	struct error e;

	if (address_parse(&a, text, 11211, &e) == 0) {
		address_text(&a, once);
		assert(address_parse(&b, once, -1, &e) == 0);
		address_text(&b, twice);
		assert(strcmp(once, twice) == 0 && a.is_path == b.is_path);
		if (address_endpoint(&a, &ep)) {
			endpoint_text(&ep, twice);
			assert(address_parse(&b, twice, -1, &e) == 0);
		} else {
			assert(!is_number_to_the_system(a.host));
		}
	}
	free(text);
	return 0;
}
