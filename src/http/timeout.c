#include "http/timeout.h"

#include "base/parse.h"
#include "base/span.h"
#include "http/request.h"

#define TIMEOUT_HEADER "X-Prometheus-Scrape-Timeout-Seconds"

/* What is kept of Prometheus's time for the way back: a tenth, at most this. */
#define RESERVE_SHARE 10
#define RESERVE_US_MAX 500000

uint64_t
timeout_of(const struct request *r, uint64_t own)
{
	struct span header = request_header(r, TIMEOUT_HEADER);
	uint64_t us, reserve;

	if (header.p == NULL || parse_seconds(header, &us) < 0 || us == 0)
		return own;
	reserve = us / RESERVE_SHARE;
	us -= reserve < RESERVE_US_MAX ? reserve : RESERVE_US_MAX;
	return us < own ? us : own;
}
