#include "stats/dialect.h"

#include "base/parse.h"
#include "base/span.h"
#include "stats/reply.h"

static const char engine[] = "engine_maxbytes";
static const char rates[] = "cmd_get_count";
static const char milliseconds[] = "ru_utime";

const char *const dialect_keys[] = { engine, rates, milliseconds };
const size_t dialect_keys_len = nitems(dialect_keys);

static bool
sends(const struct reply *reply, const char *key)
{
	struct span text;

	return reply_find(reply, REPLY_SERVER, COLLECTOR_STATS, key, &text);
}

static uint64_t
uptime(const struct reply *reply, bool in_milliseconds)
{
	struct span text;
	uint64_t n;

	if (!reply_find(
		reply, REPLY_SERVER, COLLECTOR_STATS, "uptime", &text) ||
	    parse_u64(text, &n) < 0)
		return UINT64_MAX;
	return in_milliseconds ? n / 1000 : n;
}

struct dialect
dialect_of(const struct reply *reply)
{
	struct dialect d = { .engine = sends(reply, engine),
		.rates = sends(reply, rates),
		.milliseconds = sends(reply, milliseconds) };

	d.uptime = uptime(reply, d.milliseconds);
	return d;
}
