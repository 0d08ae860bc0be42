/* Whether filters speak of metrics that there are. */
#ifndef FAMILIES_H
#define FAMILIES_H

struct options;
struct setup;

/*
 * Logs each glob of the flags' filter and the modules' that matches no metric
 * which may be left out: of servers, queries, pools, and the exporter itself.
 */
void families_check(const struct options *o, const struct setup *setup);

#endif
