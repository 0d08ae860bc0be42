/* The names of /etc/hosts (hosts(5)), as they are in the file now. */
#ifndef MEMCACHED_HOSTS_H
#define MEMCACHED_HOSTS_H

#include <stdbool.h>

#include "memcached/endpoints.h"

/* A larger file counts as empty. */
#define HOSTS_BYTES_MAX (4 << 20)

struct hosts;

struct hosts *hosts_new(const char *path);
void hosts_free(struct hosts *h);

/*
 * Appends the name's addresses in the order of the file, which is read again
 * when it has changed. False when it has none. Without an entry "localhost" is
 * the loopback addresses (RFC 6761).
 */
bool hosts_find(struct hosts *h, const char *name, struct endpoints *found);

#endif
