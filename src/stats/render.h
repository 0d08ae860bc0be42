/* From a reply to text, by the catalogue. */
#ifndef STATS_RENDER_H
#define STATS_RENDER_H

#include "base/buf.h"
#include "stats/reply.h"
#include "stats/text.h"

struct filter;

/*
 * Appends every family that the reply has a value for. A value that cannot be
 * read drops its series and counts as an ignored line of the reply; so ask
 * for reply_ignored afterwards. Series of slab classes come from the collectors
 * of the set alone (1 << collector). A family that the filter does not show is
 * not looked at.
 */
void render_reply(struct buf *out, enum text_format format, struct reply *reply,
    unsigned set, const struct filter *filter);

/*
 * Appends what came of a plan's steps behind `stats`: the families of queries,
 * how these went, and the probe. Without a reply (NULL) they were not answered.
 */
void render_behind_stats(struct buf *out, enum text_format format,
    const struct plan *plan, const struct reply *reply,
    const struct filter *filter);

#endif
