/*
 * The collectors: sub-commands of `stats` that can be switched on and off.
 * Everything about one stands in its row, from which the commands, the flags,
 * --help and the rest are made; what it does with its answer is a struct
 * answer. To add one, write a row here and, unless its keys are in the
 * catalogue, a file with its answer.
 */
#ifndef STATS_COLLECTOR_H
#define STATS_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "stats/text.h"

struct line;
struct plan;

/* STAT lines of most answers. */
#define COLLECTOR_ENTRIES_USUAL 32768
#define COLLECTOR_ENTRIES_MANY 262144
#define COLLECTOR_ENTRIES_CONNS 655360 /* five for each of 131072 */

/* Bytes of such a line, to bound an answer of more than the usual. */
#define COLLECTOR_LINE_BYTES 64

/* clang-format off */

/*
 * X(ID, name, sub-command, on by default, most STAT lines, answer, help)
 *
 * The name is the word in --[no-]collector.NAME, collect[]=, a module's
 * `collectors` and the label of memcached_scrape_collector_success. Past its
 * most lines a collector fails, and it alone. The help says what it costs.
 * They are asked, and come out, in this order; `stats` is the first.
 */
#define COLLECTORS_EACH(X) \
	X(STATS, "stats", "", true, COLLECTOR_ENTRIES_USUAL, server, \
	    "Ask \"stats\", which is always asked.") \
	X(SETTINGS, "settings", " settings", true, COLLECTOR_ENTRIES_USUAL, \
	    server, \
	    "Ask \"stats settings\": some 80 lines.") \
	X(SLABS, "slabs", " slabs", true, COLLECTOR_ENTRIES_USUAL, slabs, \
	    "Export the series of each slab class from \"stats slabs\": " \
	    "some 16 lines a class.") \
	X(ITEMS, "items", " items", true, COLLECTOR_ENTRIES_USUAL, items, \
	    "Ask \"stats items\": some 30 lines a slab class; the server " \
	    "locks the LRU of each class in turn.") \
	X(SCRUB, "scrub", " scrub", false, COLLECTOR_ENTRIES_USUAL, server, \
	    "Ask \"stats scrub\", which the InnoDB plugin answers: 4 lines.") \
	X(CONNS, "conns", " conns", false, COLLECTOR_ENTRIES_CONNS, conns, \
	    "Ask \"stats conns\": connections by state and idle time; up to " \
	    "5 lines a connection.") \
	X(SIZES, "sizes", " sizes", false, COLLECTOR_ENTRIES_MANY, sizes, \
	    "Ask \"stats sizes\", for memcached -o track_sizes: a line a size. " \
	    "The InnoDB plugin and memcached before 1.4.27 walk through all " \
	    "items for it and hold everything up meanwhile.") \
	X(EXTSTORE, "extstore", " extstore", false, COLLECTOR_ENTRIES_MANY, \
	    extstore, \
	    "Ask \"stats extstore\": pages by bucket; 4 lines a page.") \
	X(DETAIL, "detail", " detail dump", false, COLLECTOR_ENTRIES_MANY, \
	    detail, \
	    "Ask \"stats detail dump\": commands by key prefix; a line a " \
	    "prefix. Needs \"stats detail on\", which is never sent and makes " \
	    "each command of the server slower.") \
	X(PROXY, "proxy", " proxy", false, COLLECTOR_ENTRIES_USUAL, proxy, \
	    "Ask \"stats proxy\" of memcached as a proxy: some 25 lines and " \
	    "one a user counter.") \
	X(PROXYFUNCS, "proxyfuncs", " proxyfuncs", false, \
	    COLLECTOR_ENTRIES_USUAL, proxyfuncs, \
	    "Ask \"stats proxyfuncs\": 2 lines a function of the proxy.") \
	X(PROXYBE, "proxybe", " proxybe", false, COLLECTOR_ENTRIES_USUAL, \
	    proxybe, \
	    "Ask \"stats proxybe\": a line a bad backend of the proxy.")

/* clang-format on */

#define COLLECTOR_ID(id, ...) COLLECTOR_##id,
enum collector_id {
	COLLECTORS_EACH(COLLECTOR_ID) COLLECTORS
};
#undef COLLECTOR_ID
_Static_assert(COLLECTORS <= 32, "sets of them are bit masks");

enum answer_result {
	ANSWER_TAKEN,
	ANSWER_IGNORED, /* the line was not understood */
	ANSWER_FAILED   /* the collector fails: it has too much, or nothing */
};

/*
 * A family that an answer renders itself, from its state: with its head, or not
 * at all.
 */
struct answer_family;
typedef void answer_render_fn(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state);

struct answer_family {
	const char *name;
	enum metric_type type;
	const char *labels; /* with commas between, or "" */
	const char *help;
	answer_render_fn *render;
};

/* How keys name slab class N. */
enum class_form {
	CLASSES_NONE,
	CLASSES_NUMBER, /* "N:key" */
	CLASSES_ITEMS   /* "items:N:key" */
};

/*
 * What becomes of a collector's lines. Those whose keys are in the catalogue
 * are filed under it; others go to `take`, if there is one, which adds them up
 * in a state of `size` zeroed bytes. Then `end`, when the answer was whole,
 * and each family's render, any number of times; `release` frees what the state
 * owns.
 */
struct answer {
	bool is_filed; /* the catalogue has keys of it */
	enum class_form classes;

	size_t size;
	void (*init)(void *state, const struct plan *plan); /* if need be */
	enum answer_result (*take)(void *state, const struct line *line);
	void (*end)(void *state);
	void (*release)(void *state);
	bool has_prefix_lines; /* PREFIX … comes, besides STAT … */
	const struct answer_family *families;
	size_t families_len;
};

#define COLLECTOR_ANSWER(id, name, sub, preset, most, kind, help)              \
	extern const struct answer answer_##kind;
COLLECTORS_EACH(COLLECTOR_ANSWER)
#undef COLLECTOR_ANSWER

struct collector {
	const char *name;
	const char *command;  /* "stats settings\r\n" */
	const char *argument; /* "settings"; "" for `stats` itself */
	bool is_preset;       /* on by default */
	size_t entries_max;
	const struct answer *answer;
	const char *help;
};

/* By id. */
extern const struct collector collectors[COLLECTORS];

/* All names, with ", " between. */
const char *collector_names(void);

/* A set of collectors is a bit mask of 1 << collector. */
#define COLLECTOR_BIT(id) (1U << (id))

/*
 * What is asked for a set of collectors: `stats`, which says whether the
 * server is up, and `stats slabs`, which has totals of the server, always are.
 */
static inline unsigned
collectors_asked(unsigned set)
{
	return set | COLLECTOR_BIT(COLLECTOR_STATS) |
	       COLLECTOR_BIT(COLLECTOR_SLABS);
}

static inline const char *
collector_name(enum collector_id id)
{
	return collectors[id].name;
}

static inline const char *
collector_command(enum collector_id id)
{
	return collectors[id].command;
}

#endif
