/*
 * Why something failed: a reason for programs (a label value of
 * memcached_scrape_failure and memcached_exporter_scrape_failures_total) and a
 * sentence for people. A function that can fail returns 0 or -1 and fills the
 * caller's struct error; it does not log as well.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define ERROR_TEXT_MAX 512

/* From REASON_REFUSED on they are how a scrape can fail. */
enum reason {
	REASON_OTHER,       /* start-up and configuration: words only */
	REASON_FORBIDDEN,   /* --scrape.allow-target says no: not a scrape */
	REASON_REFUSED,     /* nobody listens, or the server is full */
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

struct error {
	enum reason reason;
	char text[ERROR_TEXT_MAX];
};

/*
 * Both fill e and return -1. Of a text that is too long the middle is left out:
 * a long path or value in front does not hide what is wrong with it.
 */
int error_set(struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int error_because(struct error *e, enum reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The reason an errno of connect(2), read(2) or write(2) stands for. */
enum reason reason_of_errno(int err);

/* The label value: "refused", "timeout", … */
const char *reason_name(enum reason reason);

#endif
