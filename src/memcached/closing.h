/* Why a connection that had been opened was closed. */
#ifndef MEMCACHED_CLOSING_H
#define MEMCACHED_CLOSING_H

enum close_reason {
	CLOSE_SERVER,      /* the server closed it, or the network failed */
	CLOSE_UNASKED,     /* the server said what was not asked */
	CLOSE_BAD_ANSWER,  /* the answer was of no use: REASON_PROTOCOL, … */
	CLOSE_TIMEOUT,     /* late for long, it gave way to a new one */
	CLOSE_HEDGE,       /* another connection answered first */
	CLOSE_IDLE,        /* the target was not scraped any more */
	CLOSE_LIMIT,       /* the target gave way to another one */
	CLOSE_DESCRIPTORS, /* the process had run out of descriptors */
	CLOSE_RELOAD,      /* a new configuration */
	CLOSE_SHUTDOWN,
	CLOSE_REASONS
};

/* The label value: "server", "unasked", … */
const char *close_reason_name(enum close_reason reason);

#endif
