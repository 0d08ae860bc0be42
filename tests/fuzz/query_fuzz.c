/* A query: parameters, each found again, or a sentence. */
#include "base/mem.h"
#include "fuzz.h"
#include "http/query.h"

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	char *text = xstrndup(data, size);
	struct query q;
	struct error e;
	size_t at = 0;

	if (query_init(&q, span_of(text), &e) == 0) {
		assert(q.len <= QUERY_PARAMETERS_MAX);
		while (query_next(&q, "a", &at) != NULL)
			assert(at <= q.len);
		query_release(&q);
	} else {
		assert(q.len == 0 && e.text[0] != '\0');
	}
	free(text);
	return 0;
}
