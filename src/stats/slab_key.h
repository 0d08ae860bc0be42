/*
 * A key of one slab class, as servers write it: the words and the number in
 * front of the key itself. Inline, since it is read for most lines.
 */
#ifndef STATS_SLAB_KEY_H
#define STATS_SLAB_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"
#include "stats/collector.h"
#include "stats/reply.h"

/* Whether a key names a slab class; its words are then cut off the front. */
static inline bool
slab_key_names(enum class_form form, struct span *key)
{
	static const char items[] = "items:";

	if (form == CLASSES_NONE)
		return false;
	if (form == CLASSES_NUMBER)
		return memchr(key->p, ':', key->len) != NULL;
	if (!span_begins(*key, items))
		return false;
	key->p += sizeof(items) - 1;
	key->len -= sizeof(items) - 1;
	return true;
}

/*
 * Cuts "<digits>:" off the front. False when it is not there, or the number is
 * above REPLY_SLAB_NUMBER_MAX.
 */
static inline bool
slab_key_number(struct span *key, uint32_t *number)
{
	const char *p = key->p, *end = p + key->len;
	uint32_t n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint32_t)(*p - '0');
		if (n > REPLY_SLAB_NUMBER_MAX)
			return false;
	}
	if (p == key->p || p == end || *p != ':')
		return false;
	key->p = p + 1;
	key->len = (size_t)(end - key->p);
	*number = n;
	return true;
}

#endif
