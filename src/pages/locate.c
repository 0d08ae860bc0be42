#include "pages/locate.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "http/query.h"
#include "pools/pool_json.h"
#include "pools/pools.h"
#include "setup.h"

static void
answer(struct request *r, const struct pool *pool, const char *key)
{
	struct error e;
	struct buf out;

	buf_init(&out, POOL_JSON_MAX);
	buf_add_str(&out, "{\"status\":\"success\",\"data\":");
	if (pool_json(&out, pool, key, &e) < 0) {
		buf_release(&out);
		request_say(r, 400, e.text);
		return;
	}
	buf_add_str(&out, "}\n");
	request_answer_text(r, "application/json", &out);
}

void
locate_serve(struct request *r, void *arg)
{
	const struct setup *setup = arg;
	const struct query *q = request_query(r);
	const char *name = query_first(q, "pool"), *key = query_first(q, "key");
	const struct pool *pool = pools_find(setup->pools, name);

	if (!is_set(name) || !is_set(key))
		request_say(
		    r, 400, "'pool' and 'key' parameters must be specified");
	else if (pool == NULL)
		request_say(
		    r, 404, "Unknown pool; --config.file has those there are.");
	else
		answer(r, pool, key);
}
