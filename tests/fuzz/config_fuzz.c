/* A configuration file: modules that hold together, or a sentence. */
#include <sys/mman.h>

#include <stdio.h>
#include <unistd.h>

#include "config/allow.h"
#include "config/file.h"
#include "fuzz.h"

static void
check(const struct module_config *m)
{
	assert(m->name[0] != '\0');
	assert(m->protocol == PROTOCOL_BINARY || m->auth == AUTH_ASCII);
	assert(m->targets == NULL || !allow_is_empty(m->targets));
	if (m->has_auth) {
		assert(m->username[0] != '\0' && m->password_file[0] == '/');
		assert(m->targets != NULL);
		assert(
		    (m->auth == AUTH_SASL) == (m->protocol == PROTOCOL_BINARY));
	}
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	static int fd = -1;
	char path[32];
	struct config c;
	struct error e;

	fd = fd >= 0 ? fd : memfd_create("config", 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert(ftruncate(fd, 0) == 0);
	assert(pwrite(fd, data, size, 0) == (ssize_t)size);
	if (config_load(path, &c, &e) == 0) {
		for (size_t i = 0; i < c.len; i++)
			check(&c.modules[i]);
	} else {
		assert(strncmp(e.text, path, strlen(path)) == 0);
	}
	config_free(&c);
	return 0;
}
