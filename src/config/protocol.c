#include "config/protocol.h"

const char *const protocol_names[PROTOCOLS] = { "ascii", "binary" };
const char *const auth_names[PROTOCOLS] = { "ascii", "sasl" };
