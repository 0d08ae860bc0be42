/*
 * The command line. Forms: --flag=value, --flag value, --flag, --no-flag,
 * --flag=true, --no-flag=true, @file (one argument a line). A flag that is not
 * given may come from the environment.
 */
#ifndef CONFIG_ARGUMENTS_H
#define CONFIG_ARGUMENTS_H

#include "base/error.h"
#include "config/options.h"

/* An argument file may not be larger, nor hold more arguments. */
#define ARGUMENTS_FILE_MAX (1U << 20)
#define ARGUMENTS_MAX 4096

/*
 * Reads defaults, then the environment, then the arguments without argv[0].
 * Returns -1 with one sentence in e, unless they ask a question: then only its
 * answer is wanted, and nothing else may be set. options_release in any case.
 */
int arguments_parse(
    struct options *o, int argc, const char *const *argv, struct error *e);

#endif
