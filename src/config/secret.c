#include "config/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/span.h"

int
secret_read(const char *path, char **secret, struct error *e)
{
	char text[SECRET_BYTES_MAX + 1];
	struct span line = { text, 0 };
	size_t len;
	bool nul;

	if (file_read(path, text, sizeof(text), &line, e) < 0)
		return -1;
	len = strcspn(line.p, "\r\n");
	nul = memchr(line.p, '\0', line.len) != NULL;
	*secret = len > 0 && !nul ? xstrndup(line.p, len) : NULL;
	explicit_bzero(text, sizeof(text));
	if (nul)
		return error_set(e, "%s: expected no NUL in a password", path);
	if (len == 0)
		return error_set(e, "%s: its first line is empty", path);
	return 0;
}

void
secret_free(char *secret)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}

int
secret_check_username(const char *name, struct error *e)
{
	if (!is_graphic(name))
		return error_set(e, "expected a name without blanks");
	if (strlen(name) > USERNAME_MAX)
		return error_set(
		    e, "expected a name of at most %d bytes", USERNAME_MAX);
	return 0;
}
