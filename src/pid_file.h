/*
 * The file of --pid-file: the exporter's own process id, for init scripts. It
 * is there from the moment on that the exporter serves, until it ends.
 */
#ifndef PID_FILE_H
#define PID_FILE_H

#include "base/error.h"

/*
 * Puts the file in place in one step, so that half of it is never read; "" for
 * none. -1 when it cannot be written.
 */
int pid_file_write(const char *path, struct error *e);

/* Removes it, if it still has the id of this process. */
void pid_file_remove(const char *path);

#endif
