/*
 * What the kernel says of a process (proc(5)), as the process_* metrics that
 * Prometheus client libraries export.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "stats/text.h"

struct filter;
struct process_reader;

struct process_reader *process_reader_new(void);
void process_reader_free(struct process_reader *p);

/*
 * Appends <prefix>process_cpu_seconds_total and so on for a process; what may
 * not be read (another user's descriptors) is left out. -1 when there is no
 * such process.
 */
int process_render(struct process_reader *reader, struct buf *out,
    enum text_format format, const char *prefix, const struct filter *filter,
    pid_t pid, struct error *e);

/* All families that there are here. */
void process_families(const char *prefix, text_family_fn *each, void *arg);

#endif
