/*
 * What the scrapes of the last hour said of a target, in a small ring, and the
 * slab classes and settings of the last one: for its page. A target has a
 * history only while a page shows it, and there are only so many.
 *
 * Counters are kept as the server sent them, with the time: rates are made
 * from two of them, and a counter that was reset is no negative rate.
 */
#ifndef MEMCACHED_HISTORY_H
#define MEMCACHED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* So many points, so far apart: two scrapes in between share one. */
#define HISTORY_POINTS_MAX 240
#define HISTORY_INTERVAL_US 15000000ULL
#define HISTORY_SPAN_US (HISTORY_POINTS_MAX * HISTORY_INTERVAL_US)

/* For so long it is kept without being looked at. */
#define HISTORY_UNSEEN_US 3600000000ULL

/* All together: the one not looked at for longest makes room. */
#define HISTORIES_MAX 256
#define HISTORIES_BYTES_MAX (16U << 20)

/* Of the settings, and of the value of one; more is cut off. */
#define HISTORY_SETTINGS_BYTES_MAX 16384
#define HISTORY_VALUE_BYTES_MAX 128

/* What the server did not send, or what cannot be. */
#define HISTORY_NONE UINT64_MAX

enum history_number {
	HISTORY_UPTIME, /* in seconds */
	HISTORY_GETS,
	HISTORY_SETS,
	HISTORY_HITS,
	HISTORY_MISSES,
	HISTORY_EVICTIONS,
	HISTORY_CONNECTIONS,
	HISTORY_CONNECTIONS_MAX,
	HISTORY_BYTES,
	HISTORY_BYTES_MAX,
	HISTORY_READ,    /* bytes from its clients */
	HISTORY_WRITTEN, /* and to them */
	HISTORY_NUMBERS
};

/* One scrape; all numbers are HISTORY_NONE when the target was down. */
struct history_point {
	uint64_t at_us; /* of clock_us */
	bool is_up;
	uint64_t numbers[HISTORY_NUMBERS];
};

enum class_number {
	CLASS_CHUNK_BYTES,
	CLASS_CHUNKS,
	CLASS_CHUNKS_USED,
	CLASS_REQUESTED_BYTES,
	CLASS_ITEMS,
	CLASS_EVICTED,
	CLASS_NUMBERS
};

struct history_class {
	uint32_t number;
	uint64_t numbers[CLASS_NUMBERS];
};

struct histories;
struct history;
struct reply;

struct histories *histories_new(void);
void histories_free(struct histories *all); /* when all are dropped */
size_t histories_count(const struct histories *all);

/*
 * A page shows the target whose history belongs into *slot: makes one
 * there if need be, for which another one may be dropped. It is borrowed
 * until the loop goes on.
 */
struct history *history_look(
    struct histories *all, struct history **slot, uint64_t now_us);

/*
 * A scrape has ended at that time of clock_us: with a reply whose `stats` is
 * whole, or NULL when the target was down. The same time again is the same
 * scrape. Nothing happens when *slot is NULL; one that no page shows any
 * more is dropped.
 */
void history_note(
    struct history **slot, const struct reply *reply, uint64_t at_us);

/* The target has gone; *slot may be NULL. */
void history_drop(struct history **slot);

/* It belongs to another target now, which has none. */
void history_move(struct history **from, struct history **to);

/* Different for each history there ever was, and how many scrapes it had. */
uint64_t history_id(const struct history *h);
uint64_t history_notes(const struct history *h);

/* The points, the oldest first. */
size_t history_len(const struct history *h);
const struct history_point *history_at(const struct history *h, size_t i);

/*
 * By how much a counter grew in a second from one point to the next; NAN when
 * that is not known: one of them has no value, the counter or the server began
 * anew, or there was no scrape for too long.
 */
double history_rate(const struct history_point *from,
    const struct history_point *to, enum history_number number);

/* Too far apart to be joined by a line. */
#define HISTORY_GAP_US 300000000ULL

/* The slab classes by number, of the last scrape that had them. */
size_t history_classes(
    const struct history *h, const struct history_class **list);

/*
 * The settings of the last scrape that had them, in the catalogue's order:
 * *at is 0 for the first, and is moved on. NULL when there is none left.
 * Both texts are borrowed; the value is the server's.
 */
const char *history_setting(
    const struct history *h, size_t *at, const char **value);

/* The server's version, "" if it is not known. */
const char *history_version(const struct history *h);

#endif
