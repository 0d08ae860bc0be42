/*
 * Scripts that let a shell complete the flags, made from their table:
 * --completion-script-bash and its siblings print them, as with every program
 * of kingpin's.
 */
#ifndef CONFIG_COMPLETION_H
#define CONFIG_COMPLETION_H

#include "base/buf.h"

enum shell {
	SHELL_NONE,
	SHELL_BASH,
	SHELL_ZSH,
	SHELL_FISH
};

/* For one of the last three. */
void completion_write(enum shell shell, struct buf *out);

#endif
