#include "config/protocol.h"

const char *const protocol_names[PROTOCOLS] = { "ascii", "binary" };
const char *const auth_names[AUTH_METHODS] = { "ascii", "sasl" };
const char *const tls_version_names[TLS_VERSIONS] = { "TLS10", "TLS11", "TLS12",
	"TLS13" };
