/*
 * What a server said to one scrape: the values of the keys that the catalogue
 * names (stats/keys.h), of the whole server and of each slab class, with every
 * byte they had. Bounded, and pure memory: filled by reader (the text
 * protocol) or by any other client.
 */
#ifndef STATS_REPLY_H
#define STATS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "stats/keys.h"
#include "stats/probe.h"

/*
 * Past one of these, or of the lines that it may have, a collector fails, and
 * `stats` with REASON_TOO_LARGE.
 */
#define REPLY_TEXT_MAX (4U << 20)
#define REPLY_SLABS_MAX 256

/* A class number above this is no slab class; its line is ignored. */
#define REPLY_SLAB_NUMBER_MAX 65535

/* The place of what belongs to no slab class, beside 0, 1, … for classes. */
#define REPLY_SERVER (-1)

struct line;
struct plan;
struct reply;
struct values;

/* keys is borrowed. */
struct reply *reply_new(const struct keys *keys);
void reply_free(struct reply *r);

/*
 * This, reply_add_prefix, reply_ignore and reply_ended keep nothing when r is
 * NULL.
 *
 * Takes a STAT line of a collector's answer, as its struct answer says: a value
 * is filed under its key, and its slab class; the first of a repeated key
 * stays; a class number that is no number or too large counts the line as
 * ignored. Once a collector has failed its lines are skipped. -1 when that is
 * `stats`.
 */
int reply_add(struct reply *r, enum collector_id id, struct span key,
    struct span value, struct error *e);

/* The same for a PREFIX line, of an answer that has them. */
int reply_add_prefix(struct reply *r, enum collector_id id,
    const struct line *line, struct error *e);

/* A line that was not understood. */
void reply_ignore(struct reply *r);

/* What is asked; borrowed for as long as the reply is filled. Once at most. */
void reply_asked(struct reply *r, const struct plan *plan);

/*
 * A sub-command was answered to its END, which means nothing when the
 * collector has failed.
 */
void reply_ended(struct reply *r, enum collector_id id);

bool reply_was_asked(const struct reply *r, enum collector_id id);
bool reply_has_ended(const struct reply *r, enum collector_id id);
bool reply_has_failed(const struct reply *r, enum collector_id id);
uint64_t reply_ignored(const struct reply *r);
const struct keys *reply_keys(const struct reply *r);

/* What became of the plan's gets: borrowed; or NULL, as r may be. */
struct values *reply_values(const struct reply *r);

/*
 * How an operation of the probe ended, and how long it took from its command
 * to its answer; nothing is kept when r is NULL.
 */
void reply_probe(struct reply *r, enum probe_operation op, bool success);
void reply_probe_took(struct reply *r, enum probe_operation op, uint64_t us);
const struct probed *reply_probed(const struct reply *r);

/*
 * What was answered for the nodes of a cluster, of which the first stays;
 * empty when nothing was, or when r is NULL.
 */
void reply_take_cluster(struct reply *r, struct span text);
struct span reply_cluster(const struct reply *r);

/* How many slab classes there are. */
size_t reply_slabs(const struct reply *r);

/* The class number at a place: ascending. */
uint32_t reply_slab_number(const struct reply *r, size_t place);

/*
 * The value of a numbered key at a place, borrowed until the next reply_add;
 * false when the server did not send it.
 */
bool reply_value(
    const struct reply *r, int place, unsigned key, struct span *value);

/* The same for any key by its name. */
bool reply_find(const struct reply *r, int place, enum collector_id id,
    const char *key, struct span *value);

/* What a collector's answer added up; NULL unless it has ended. */
const void *reply_state(const struct reply *r, enum collector_id id);

/* That value could not be used: its line counts as ignored, once. */
void reply_reject(struct reply *r, int place, unsigned key);

#endif
