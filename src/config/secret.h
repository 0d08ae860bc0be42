/* Passwords, which stand in files: never on the command line or in a log. */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include <stdbool.h>

#include "base/error.h"

#define SECRET_BYTES_MAX 1024

/*
 * The first line of a file, without its end. The caller frees it with
 * secret_free, which wipes it (and takes NULL).
 */
int secret_read(const char *path, char **secret, struct error *e);
void secret_free(char *secret);

/* A name that a server can read: a blank would end it. */
bool secret_is_username(const char *name);

#endif
