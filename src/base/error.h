/*
 * Why something failed: a reason for programs (a label value of
 * memcached_scrape_failure and memcached_exporter_scrape_failures_total) and a
 * sentence for people. A function that can fail returns 0 or -1 and fills the
 * caller's struct error; it does not log as well.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/span.h"

#define ERROR_TEXT_MAX 512

/* From REASON_REFUSED on they are how a scrape can fail. */
enum reason {
	REASON_OTHER,       /* start-up and configuration: words only */
	REASON_FORBIDDEN,   /* --scrape.allow-target says no: not a scrape */
	REASON_REFUSED,     /* nothing listens, or the server is full */
	REASON_UNREACHABLE, /* no route, no permission, any other errno */
	REASON_TIMEOUT,     /* the scrape's deadline passed */
	REASON_DNS,         /* the name has no address */
	REASON_TLS,         /* no handshake, or not with the right server */
	REASON_AUTH,        /* no credentials, or the wrong ones */
	REASON_CLOSED,      /* the server hung up in the middle */
	REASON_PROTOCOL,    /* what came is no answer to `stats` */
	REASON_TOO_LARGE,   /* past a limit of stats/reader.h */
	REASON_BUSY,        /* past a limit of our own: targets, descriptors */
	REASONS
};

/* What a peer said, with the NUL. */
#define ERROR_HEARD_MAX 96

/* Both texts, with a blank between. */
#define ERROR_WHOLE_MAX (ERROR_TEXT_MAX + ERROR_HEARD_MAX)

struct error {
	enum reason reason;
	char text[ERROR_TEXT_MAX];
	char heard[ERROR_HEARD_MAX]; /* "": it said nothing that matters */
};

/*
 * Both fill e and return -1. Of a text that is too long the middle is left out:
 * a long path or value in front does not hide what is wrong with it.
 */
int error_set(struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int error_because(struct error *e, enum reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Adds what a peer said, which ends the text; returns -1. That may be another
 * service's banner: the log has it, and no client of ours may see it.
 */
int error_hear(struct error *e, struct span words);

/* The text and what was heard: for the log alone. Returns whole. */
const char *error_whole(const struct error *e, char whole[ERROR_WHOLE_MAX]);

/* The reason an errno of connect(2), read(2) or write(2) stands for. */
enum reason reason_of_errno(int err);

/* The label value: "refused", "timeout", … */
const char *reason_name(enum reason reason);

#endif
