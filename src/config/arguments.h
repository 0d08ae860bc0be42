/*
 * The command line. Forms: --flag=value, --flag value, --flag, --no-flag,
 * --flag=true, @file (one argument a line). A flag that is not given may come
 * from the environment: MEMCACHED_EXPORTER_ and its name in capitals, with `_`
 * for other signs; there, a repeatable one has one value a line.
 */
#ifndef CONFIG_ARGUMENTS_H
#define CONFIG_ARGUMENTS_H

#include "base/buf.h"
#include "base/error.h"
#include "config/options.h"

/* An argument file may not be larger, nor hold more arguments. */
#define ARGUMENTS_FILE_MAX (1U << 20)
#define ARGUMENTS_MAX 4096

/*
 * Reads defaults, then the environment, then the arguments without argv[0].
 * Returns -1 with one sentence in e. options_release in any case.
 */
int arguments_parse(
    struct options *o, int argc, const char *const *argv, struct error *e);

/* The text of --help. */
void arguments_help(struct buf *out);

#endif
