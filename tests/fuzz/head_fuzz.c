/*
 * A request's head, in pieces: the same as at once, and all of it inside what
 * came.
 */
#include "fuzz.h"
#include "http/head.h"

static void
check_inside(struct span part, struct span all)
{
	assert(part.len == 0 || part.p[0] == '/' ||
	       (part.p >= all.p && part.p + part.len <= all.p + all.len));
}

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	struct span in = { data, size }, all;
	size_t step = size > 0 ? (unsigned char)data[0] + 1 : 1, len = 0;
	size_t scanned = 0, none = 0;
	enum head_fault fault = HEAD_PARTIAL;
	struct head h, whole;
	struct head_field f;
	char *copy = fuzz_cut(&in, size, &all);

	while (fault == HEAD_PARTIAL && len < all.len) {
		len = all.len - len > step ? len + step : all.len;
		fault = head_read(&h, all.p, len, &scanned);
		assert(scanned <= len);
	}
	if (fault == HEAD_FINE) {
		assert(head_read(&whole, all.p, all.len, &none) == HEAD_FINE);
		assert(whole.len == h.len && h.len <= len && h.path.len > 0);
		check_inside(h.path, all);
		check_inside(h.query, all);
		for (struct span rest = h.fields; head_next(&rest, &f);) {
			assert(f.name.len > 0);
			check_inside(f.value, all);
			assert(memchr(f.value.p, '\0', f.value.len) == NULL);
		}
	}
	free(copy);
	return 0;
}
