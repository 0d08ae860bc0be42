/* A web configuration: what holds together, or a sentence. */
#include <sys/mman.h>

#include <stdio.h>
#include <unistd.h>

#include "config/web.h"
#include "fuzz.h"

static void
check_list(const struct web_list *list)
{
	assert(list == NULL || (list->len > 0 && list->len <= WEB_ENTRIES_MAX));
}

static void
check_tls(const struct web_tls *t)
{
	assert(is_set(t->cert) != is_set(t->cert_file));
	assert(is_set(t->key) != is_set(t->key_file));
	assert(t->client_auth < CLIENT_AUTHS);
	assert(t->min_version <= t->max_version);
	assert(t->max_version < TLS_VERSIONS);
	if (is_set(t->client_ca) || is_set(t->client_ca_file))
		assert(t->client_auth != CLIENT_AUTH_NONE);
}

static void
check(const struct web_config *c)
{
	if (c->has_tls)
		check_tls(&c->tls);
	check_list(c->tls.allowed_sans);
	check_list(c->tls.ciphers);
	check_list(c->tls.curves);
	check_list(c->open_paths);
	assert(c->headers_len <= WEB_HEADERS);
	for (size_t i = 0; i < c->headers_len; i++)
		assert(strpbrk(c->headers[i].value, "\r\n") == NULL);
	assert(c->users_len <= WEB_ENTRIES_MAX);
	for (size_t i = 0; i < c->users_len; i++) {
		assert(is_set(c->users[i].name));
		assert(strchr(c->users[i].name, ':') == NULL);
		assert(strlen(c->users[i].hash) == WEB_HASH_BYTES);
	}
	assert(c->interval_us == 0 || c->burst > 0);
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	static int fd = -1;
	char path[32];
	struct web_config c;
	struct error e;

	fd = fd >= 0 ? fd : memfd_create("web", 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert(ftruncate(fd, 0) == 0);
	assert(pwrite(fd, data, size, 0) == (ssize_t)size);
	if (web_config_load(path, &c, &e) == 0)
		check(&c);
	else
		assert(strncmp(e.text, path, strlen(path)) == 0);
	web_config_free(&c);
	return 0;
}
