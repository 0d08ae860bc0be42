/* The text of --help, made from the table of flags. */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

#include "base/buf.h"

void help_write(struct buf *out);

#endif
