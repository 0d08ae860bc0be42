/*
 * What a server said to one scrape: a bounded bag of STAT keys and values, by
 * sub-command and slab class. Values keep every byte. Pure memory: filled by
 * reader (the text protocol) or by any other client.
 */
#ifndef STATS_REPLY_H
#define STATS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/span.h"

/* Past one of these the answer fails with REASON_TOO_LARGE. */
#define REPLY_ENTRIES_MAX 32768
#define REPLY_TEXT_MAX	  (4U << 20)
#define REPLY_SLABS_MAX	  256

/* A class number above this is no slab class; its line is ignored. */
#define REPLY_SLAB_NUMBER_MAX 65535
#define REPLY_NO_SLAB	      UINT32_MAX

/* The sub-commands, in the order in which they are asked. */
enum section {
	SECTION_STATS,
	SECTION_SETTINGS,
	SECTION_SLABS,
	SECTION_ITEMS,
	SECTION_SCRUB,
	SECTIONS
};

/* "stats", "settings", …: the collector label. */
const char *section_name(enum section section);

/* What to send for it, with CRLF: "stats settings\r\n". */
const char *section_command(enum section section);

struct reply;

struct reply *reply_new(void);
void reply_free(struct reply *r);

/*
 * Adds one STAT line. `items:N:key` of SECTION_ITEMS and `N:key` of
 * SECTION_SLABS are filed under class N and key; a class number that is no
 * number or too large counts the line as ignored. The first of a repeated key
 * stays. Returns -1 past a limit.
 */
int reply_add(struct reply *r, enum section section, struct span key,
    struct span value, struct error *e);

/* A line that was not understood. */
void reply_ignore(struct reply *r);

/* A value that could not be used: its line counts as ignored, once. */
void reply_reject(struct reply *r, enum section section, uint32_t slab,
    const char *key);

/* A sub-command was asked; it was answered to its END. */
void reply_asked(struct reply *r, enum section section);
void reply_ended(struct reply *r, enum section section);

bool reply_was_asked(const struct reply *r, enum section section);
bool reply_has_ended(const struct reply *r, enum section section);
uint64_t reply_ignored(const struct reply *r);

/*
 * The value of a key, borrowed until the next reply_add; false when the server
 * did not send it. slab is REPLY_NO_SLAB for keys of no class.
 */
bool reply_get(const struct reply *r, enum section section, uint32_t slab,
    const char *key, struct span *value);

/* The slab classes seen in any section, ascending. */
size_t reply_slabs(const struct reply *r, const uint32_t **slabs);

#endif
