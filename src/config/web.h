/*
 * The file of --web.config.file, in the schema that all exporters share
 * (exporter-toolkit, docs/web-configuration.md): TLS, headers, users and a
 * rate. Paths are relative to the file. What does not fit is an error with
 * the file's line and column.
 */
#ifndef CONFIG_WEB_H
#define CONFIG_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/web_list.h"
#include "config/web_tls.h"

/*
 * A bcrypt hash may not ask for more: each step doubles the time, which is
 * some seconds here and would be a day at the format's own end, 31.
 */
#define WEB_BCRYPT_COST_MAX 16

/* Bytes of a bcrypt hash. */
#define WEB_HASH_BYTES 60

struct web_user {
	char *name;
	char *hash; /* WEB_HASH_BYTES characters */
};

struct web_header {
	const char *name;
	char *value;
};

/* The headers that can be set. */
#define WEB_HEADERS 5

struct web_config {
	bool has_tls;
	struct web_tls tls;
	bool http2; /* read and of no effect: only HTTP/1.1 is spoken */
	struct web_header headers[WEB_HEADERS];
	size_t headers_len;
	struct web_user *users;
	size_t users_len;
	struct web_list *open_paths; /* without credentials; NULL: none */
	uint64_t interval_us;        /* between two requests; 0: no limit */
	bool has_burst;
	uint64_t burst; /* requests at once; 0: none, as upstream has it */
};

/* web_config_free in any case. */
int web_config_load(const char *path, struct web_config *c, struct error *e);
void web_config_free(struct web_config *c);

#endif
