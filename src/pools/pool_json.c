#include "pools/pool_json.h"

#include "base/address.h"
#include "base/escape.h"
#include "base/span.h"
#include "pools/pool.h"

static void
add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	escape_json(out, text);
	buf_add_str(out, "\",");
}

int
pool_json(
    struct buf *out, const struct pool *p, const char *key, struct error *e)
{
	char server[ADDRESS_TEXT_MAX];
	size_t position;
	uint32_t hash;

	if (pool_locate(p, span_of(key), &position, &hash, e) < 0)
		return -1;
	address_text(pool_server(p, position), server);
	buf_add_char(out, '{');
	add_text(out, "pool", pool_name(p));
	add_text(out, "key", key);
	add_text(out, "server", server);
	buf_printf(out, "\"position\":%zu,\"hash\":%u}", position, hash);
	return 0;
}
