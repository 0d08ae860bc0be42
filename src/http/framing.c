#include "http/framing.h"

#include <sys/queue.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <event2/keyvalq_struct.h>

#include "base/parse.h"
#include "base/span.h"

/* A token (RFC 9110, section 5.6.2): no blank before the colon above all. */
static bool
is_name(const char *s)
{
	for (const char *p = s; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) &&
		    strchr("!#$%&'*+-.^_`|~", *p) == NULL)
			return false;
	}
	return s[0] != '\0';
}

/* Others may see the end of a line where a control character is. */
static bool
is_value(const char *s)
{
	for (; *s != '\0'; s++) {
		if (iscntrl((unsigned char)*s) && *s != '\t')
			return false;
	}
	return true;
}

enum framing
framing_of(const struct evkeyvalq *headers)
{
	const struct evkeyval *kv;
	uint64_t length = 0;
	unsigned lengths = 0;

	TAILQ_FOREACH (kv, headers, next) {
		if (!is_name(kv->key) || !is_value(kv->value))
			return FRAMING_IN_DOUBT;
		if (strcasecmp(kv->key, "Transfer-Encoding") == 0)
			return FRAMING_IN_DOUBT;
		if (strcasecmp(kv->key, "Content-Length") != 0)
			continue;
		if (lengths++ > 0 || parse_u64(span_of(kv->value), &length) < 0)
			return FRAMING_IN_DOUBT;
	}
	return length > 0 ? FRAMING_BODY : FRAMING_CLEAR;
}
