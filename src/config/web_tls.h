/* The tls_server_config of --web.config.file. */
#ifndef CONFIG_WEB_TLS_H
#define CONFIG_WEB_TLS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/protocol.h"

enum client_auth {
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_REQUEST,         /* any, or none */
	CLIENT_AUTH_REQUIRE_ANY,     /* any */
	CLIENT_AUTH_VERIFY_IF_GIVEN, /* one of the authorities, or none */
	CLIENT_AUTH_REQUIRE,         /* one of the authorities */
	CLIENT_AUTHS
};

struct tree;
struct web_list;
struct yaml_node_s;

/* Of certificate, key and authorities: the text (PEM) or the file, or none. */
struct web_tls {
	char *cert, *cert_file;
	char *key, *key_file;
	char *client_ca, *client_ca_file;
	enum client_auth client_auth;
	struct web_list *allowed_sans; /* NULL: any */
	enum tls_version min_version;
	enum tls_version max_version;
	struct web_list *ciphers; /* by their IANA names; NULL: OpenSSL's */
	struct web_list *curves;  /* as OpenSSL calls them; NULL: OpenSSL's */
	bool prefer_server_ciphers;
};

/* What is there without a file. */
void web_tls_init(struct web_tls *t);

/* web_tls_free in any case. */
int web_tls_read(struct tree *y, struct yaml_node_s *node, struct web_tls *t,
    struct error *e);
void web_tls_free(struct web_tls *t);

/* As with the toolkit: TLS is on when one of some keys is set. */
bool web_tls_is_on(const struct web_tls *t);

/* The first version that has one of the ciphers of a configuration. */
enum tls_version web_cipher_version(const char *name);

#endif
