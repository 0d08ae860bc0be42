/* What was read as an address is written so that it is read the same. */
#include "base/address.h"
#include "base/mem.h"
#include "fuzz.h"

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
		}
	}
	free(text);
	return 0;
}
