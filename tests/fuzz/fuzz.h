/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <assert.h>
#include <stdlib.h>

#include "base/span.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const char *data, size_t size);

/*
 * Cuts a piece off the front of *in. It lies in memory of its own, which the
 * caller frees, so that a read past its end is found.
 */
static inline char *
fuzz_cut(struct span *in, size_t size, struct span *piece)
{
	size_t n = size < in->len ? size : in->len;
	char *copy = malloc(n);

	memcpy(copy, in->p, n);
	*in = (struct span){ in->p + n, in->len - n };
	*piece = (struct span){ copy, n };
	return copy;
}

/* Metrics are UTF-8, and every line is about memcached. */
static inline void
fuzz_check_metrics(struct span s)
{
	bool begins = true; /* a line */

	for (size_t n; s.len > 0; s = (struct span){ s.p + n, s.len - n }) {
		assert(!begins || span_begins(s, "memcached_") ||
		       span_begins(s, "# HELP memcached_") ||
		       span_begins(s, "# TYPE memcached_") ||
		       span_begins(s, "# UNIT memcached_"));
		begins = s.p[0] == '\n';
		n = utf8_length(s);
		assert(n > 0);
	}
	assert(begins);
}

#endif
