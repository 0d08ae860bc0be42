/* An Accept or Accept-Encoding header: what is chosen is what was asked for. */
#include "fuzz.h"
#include "http/accept.h"

static bool
same_choice(struct accepted a, struct accepted b)
{
	return a.type == b.type && a.escaping == b.escaping;
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct span in = { data, size }, header, shouted;
	char *copy = fuzz_cut(&in, size, &header), type[ACCEPT_TYPE_MAX];
	char *loud = fuzz_cut(&(struct span){ data, size }, size, &shouted);
	struct accepted a = accept_metrics(header);
	bool gzip = accept_gzip(header);

	for (size_t i = 0; i < size; i++)
		loud[i] -= loud[i] >= 'a' && loud[i] <= 'z' ? 'a' - 'A' : 0;
	assert(same_choice(accept_metrics(shouted), a));
	assert(accept_gzip(shouted) == gzip);
	if (a.type == ACCEPT_OPENMETRICS)
		assert(memmem(loud, size, "OPENMETRICS-TEXT", 16) != NULL ||
		       memmem(loud, size, "APPLICATION/*", 13) != NULL ||
		       memmem(loud, size, "*/*", 3) != NULL);
	if (gzip)
		assert(memmem(loud, size, "GZIP", 4) != NULL ||
		       memchr(loud, '*', size) != NULL);
	/* an answer's type asks for itself */
	accept_content_type(&a, type);
	assert(same_choice(accept_metrics(span_of(type)), a));
	free(copy);
	free(loud);
	return 0;
}
