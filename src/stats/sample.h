/* What came first of a stream, to tell what it is that is no memcached. */
#ifndef STATS_SAMPLE_H
#define STATS_SAMPLE_H

#include <stddef.h>

#include "base/span.h"

#define SAMPLE_MAX 80

/* All zero: nothing has come. */
struct sample {
	char bytes[SAMPLE_MAX];
	size_t len;
};

/* Keeps what comes, from the first word on, as long as there is room. */
void sample_add(struct sample *s, struct span data);

/* Its words with a blank between; line ends and NULs only separate them. */
struct span sample_text(const struct sample *s, char text[SAMPLE_MAX]);

#endif
