/* What flags say about the collector `detail`. */
#ifndef STATS_DETAIL_H
#define STATS_DETAIL_H

/* Prefixes that have series of their own at most, as the flag has it. */
#define DETAIL_PREFIXES_MAX 10000

#endif
