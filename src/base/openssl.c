#include "base/openssl.h"

#include <stddef.h>
#include <string.h>

#include <openssl/err.h>

const char *
openssl_words(unsigned long code, const char *otherwise)
{
	const char *words = ERR_SYSTEM_ERROR(code)
				? strerror(ERR_GET_REASON(code))
				: ERR_reason_error_string(code);

	/* openssl_no_passphrase has been asked */
	if (ERR_GET_REASON(code) == ERR_R_INTERRUPTED_OR_CANCELLED)
		words = "it has a passphrase, and nobody is there to type it";
	return words != NULL ? words : otherwise;
}

int
openssl_no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}
