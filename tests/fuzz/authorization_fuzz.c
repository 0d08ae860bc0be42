/* An Authorization header: a name and a password, or none. */
#include "base/mem.h"
#include "fuzz.h"
#include "http/password.h"

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	char *header = xstrndup(data, size);
	struct credentials c;

	if (credentials_parse(&c, header)) {
		assert(strncasecmp(header, "Basic ", 6) == 0);
		assert(strchr(c.name, ':') == NULL);
		assert(c.password == strlen(c.name) + 1);
		assert(c.password < CREDENTIALS_BYTES_MAX);
		assert(memchr(c.name + c.password, '\0',
			   CREDENTIALS_BYTES_MAX - c.password) != NULL);
		/* four characters are three bytes, of which one is a colon */
		assert(strlen(c.name) + strlen(c.name + c.password) <
		       strlen(header) / 4 * 3);
	}
	free(header);
	return 0;
}
