/* The addresses of a name, in the order in which they are tried. */
#ifndef MEMCACHED_ENDPOINTS_H
#define MEMCACHED_ENDPOINTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* More addresses of a name than this are not tried. */
#define ENDPOINTS_MAX 16

struct endpoints {
	size_t len;
	struct endpoint list[ENDPOINTS_MAX];
};

/* An address's 4 or 16 bytes; past the maximum it is left out. */
void endpoints_add(struct endpoints *eps, int family, const void *bytes);

/* The same port for all. */
void endpoints_set_port(struct endpoints *eps, uint16_t port);

#endif
