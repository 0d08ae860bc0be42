#include "base/clock.h"

#define US_PER_S 1000000

uint64_t
clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * US_PER_S + (uint64_t)ts.tv_nsec / 1000;
}

struct timeval
clock_until(uint64_t us)
{
	uint64_t now = clock_us();
	uint64_t left = us > now ? us - now : 0;

	return (struct timeval){ .tv_sec = (time_t)(left / US_PER_S),
		.tv_usec = (suseconds_t)(left % US_PER_S) };
}

void
clock_text(time_t t, char text[CLOCK_TEXT_MAX])
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
}
