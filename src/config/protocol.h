/* How to speak to a server: choices, and the words for them. */
#ifndef CONFIG_PROTOCOL_H
#define CONFIG_PROTOCOL_H

enum protocol {
	PROTOCOL_ASCII,
	PROTOCOL_BINARY,
	PROTOCOLS
};

enum auth_method {
	AUTH_ASCII, /* memcached -Y */
	AUTH_SASL,  /* memcached -S, which speaks the binary protocol alone */
	AUTH_METHODS
};

enum tls_version {
	TLS_VERSION_10,
	TLS_VERSION_11,
	TLS_VERSION_12,
	TLS_VERSION_13,
	TLS_VERSIONS
};

extern const char *const protocol_names[PROTOCOLS];       /* "ascii" */
extern const char *const auth_names[AUTH_METHODS];        /* "sasl" */
extern const char *const tls_version_names[TLS_VERSIONS]; /* "TLS12" */

#endif
