#include "config/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

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

bool
secret_is_username(const char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name <= ' ' || *name == 0x7f)
			return false;
	}
	return true;
}
