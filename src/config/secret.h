/* Passwords, which stand in files: never on the command line or in a log. */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include <stdbool.h>

#include "base/error.h"

/*
 * memcached -Y takes 255 bytes for a name, a colon and a password; SASL has no
 * limit of its own.
 */
#define USERNAME_MAX 255
#define SECRET_BYTES_MAX 1024

/*
 * The first line of a file, without its end. The caller frees it with
 * secret_free, which wipes it (and takes NULL).
 */
int secret_read(const char *path, char **secret, struct error *e);
void secret_free(char *secret);

/* -1 for a name that no server could read: a blank would end it. */
int secret_check_username(const char *name, struct error *e);

#endif
