#include "pools/pool_probes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "pools/pool.h"
#include "stats/plan.h"
#include "stats/probe.h"

/* Of the collector `detail`, which a pool's plans do not have. */
#define NO_PREFIXES 1

#define NO_KEY UINT32_MAX

/* ":99999", the longest that is put behind a key. */
#define NUMBER_BYTES_MAX 6
_Static_assert(POOL_PROBE_KEYS <= 100000, "a number has five digits");

/* Without the namespace in front; keys have been checked to be shorter. */
#define KEY_TEXT_MAX (POOL_KEY_MAX + 1)

struct pool_probes {
	struct probe *like;
	size_t servers;
	uint32_t *numbers;    /* of their keys, by first server, or NO_KEY */
	size_t missing;       /* servers without a key */
	size_t tried;         /* keys */
	struct plans **plans; /* by server; made when they are asked for */
};

static bool
has_key(const struct pool_probes *pp)
{
	return probe_key(pp->like).p != NULL;
}

static int
check_keys(const struct pool *p, struct span key, struct error *e)
{
	const char *prefix = pool_namespace(p);

	if (key.p == NULL)
		return 0;
	if (!is_graphic(prefix))
		return error_set(e,
		    "the probe of its module needs a namespace without blanks "
		    "and control characters");
	if (strlen(prefix) + key.len + NUMBER_BYTES_MAX > POOL_KEY_MAX)
		return error_set(e,
		    "the key of its module's probe: expected at most %d bytes, "
		    "the namespace and a number of %d bytes included",
		    POOL_KEY_MAX, NUMBER_BYTES_MAX);
	return 0;
}

int
pool_probes_new(const struct pool *p, struct probe *like,
    struct pool_probes **out, struct error *e)
{
	struct pool_probes *pp;

	if (check_keys(p, probe_key(like), e) < 0)
		return -1;
	pp = xcalloc(1, sizeof(*pp));
	pp->like = probe_hold(like);
	pp->servers = pool_servers(p);
	pp->numbers = xcalloc(pp->servers, sizeof(*pp->numbers));
	pp->plans = xcalloc(pp->servers, sizeof(struct plans *));
	for (size_t i = 0; i < pp->servers && has_key(pp); i++) {
		pp->numbers[i] = NO_KEY;
		pp->missing += pool_first(p, i) == i;
	}
	*out = pp;
	return 0;
}

void
pool_probes_free(struct pool_probes *pp)
{
	if (pp == NULL)
		return;
	for (size_t i = 0; i < pp->servers; i++)
		plans_free(pp->plans[i]);
	probe_release(pp->like);
	free(pp->plans);
	free(pp->numbers);
	free(pp);
}

/* "KEY:7", as the application would have it. */
static struct span
numbered(const struct pool_probes *pp, size_t n, char text[KEY_TEXT_MAX])
{
	struct span key = probe_key(pp->like);
	int len =
	    snprintf(text, KEY_TEXT_MAX, "%.*s:%zu", (int)key.len, key.p, n);

	return (struct span){ text, (size_t)len };
}

static void
try_key(struct pool_probes *pp, const struct pool *p)
{
	char text[KEY_TEXT_MAX];
	struct span key = numbered(pp, pp->tried, text);
	uint32_t number = (uint32_t)pp->tried++, hash;
	struct error e;
	size_t place;

	if (pool_locate(p, key, &place, &hash, &e) < 0)
		return;
	place = pool_first(p, place);
	if (pp->numbers[place] != NO_KEY)
		return;
	pp->numbers[place] = number;
	pp->missing--;
}

bool
pool_probes_are_sought(const struct pool_probes *pp)
{
	return pp->missing == 0 || pp->tried == POOL_PROBE_KEYS;
}

bool
pool_probes_seek(struct pool_probes *pp, const struct pool *p, size_t n)
{
	for (; n > 0 && !pool_probes_are_sought(pp); n--)
		try_key(pp, p);
	return !pool_probes_are_sought(pp);
}

size_t
pool_probes_missing(
    const struct pool_probes *pp, const struct pool *p, size_t *server)
{
	for (size_t i = 0; i < pp->servers && pp->missing > 0; i++) {
		if (pool_first(p, i) == i && pp->numbers[i] == NO_KEY) {
			*server = i;
			break;
		}
	}
	return pp->missing;
}

static struct probe *
make_probe(const struct pool_probes *pp, const struct pool *p, size_t i)
{
	char key[KEY_TEXT_MAX], whole[POOL_KEY_MAX + KEY_TEXT_MAX];

	if (!has_key(pp))
		return probe_hold(pp->like);
	(void)numbered(pp, pp->numbers[i], key);
	(void)snprintf(whole, sizeof(whole), "%s%s", pool_namespace(p), key);
	return probe_with_key(pp->like, whole);
}

const struct plan *
pool_probes_plan(
    struct pool_probes *pp, const struct pool *p, size_t i, struct gets *gets)
{
	if (pp->numbers[i] == NO_KEY)
		return NULL;
	if (pp->plans[i] == NULL) {
		struct probe *probe = make_probe(pp, p, i);

		pp->plans[i] = plans_new_with(NO_PREFIXES, gets, probe);
		probe_release(probe);
	}
	return plans_get(pp->plans[i], 0, COLLECTOR_BIT(COLLECTOR_STATS));
}
