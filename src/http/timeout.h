/* How long an answer may take, as Prometheus says it in a header. */
#ifndef HTTP_TIMEOUT_H
#define HTTP_TIMEOUT_H

#include <stdint.h>

struct request;

/*
 * The smaller of our own time and what the header
 * X-Prometheus-Scrape-Timeout-Seconds gives, less a reserve for the way back:
 * a tenth, at most half a second. Both are in microseconds.
 */
uint64_t timeout_of(const struct request *r, uint64_t own);

#endif
