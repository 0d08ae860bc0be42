/*
 * One line per event on standard error, as Prometheus's own programs write it:
 *
 *	time=2026-01-31T12:00:00.000Z level=INFO source=main.c:7 msg="…" key=value
 *
 * or the same as a JSON object. Text from peers goes in as it is: control
 * bytes, quotes and bytes that are no UTF-8 come out escaped.
 *
 * Logging never blocks. A line that standard error does not take at once is
 * dropped and counted; when it takes lines again, there is one with the count.
 * Pipes and terminals are opened again, without blocking, since the
 * flags of the descriptor that we were given are shared with other programs.
 * Where that is not allowed, poll(2) is asked before each line; a pipe that
 * has room takes PIPE_BUF bytes, so a line has no more.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rate.h"

/* A longer line is cut; its last pair is cut=true. */
#define LOG_LINE_MAX 4096

/*
 * Lines about what clients do at will: this many at once, and one more each
 * interval.
 */
#define LOG_NEWS_BURST 200
#define LOG_NEWS_INTERVAL_US 100000

enum log_level {
	LEVEL_DEBUG,
	LEVEL_INFO,
	LEVEL_WARN,
	LEVEL_ERROR,
	LEVELS
};

enum log_format {
	FORMAT_LOGFMT,
	FORMAT_JSON,
	FORMATS
};

/* The flags' words for them: "debug", …; "logfmt", "json". */
extern const char *const log_level_names[LEVELS];
extern const char *const log_format_names[FORMATS];

/*
 * What is logged from now on, and how: the one global state there is. Standard
 * error is what it is now: a descriptor that takes its number later is not
 * written to.
 */
void log_setup(enum log_level least, enum log_format format);

/* Whether a line of that level comes out; for what costs to put together. */
bool log_has(enum log_level level);

/*
 * Whether a line of that level comes out for which this bucket has to have a
 * token; if it has none, the line counts as dropped.
 */
bool log_admits(struct rate *news, enum log_level level);

/* Lines that did not come out, though their level should. */
uint64_t log_lines_dropped(void);

/*
 * Says how many there are since that was last said, if standard error takes it
 * now. Each line does so as well; this is for when there are none.
 */
void log_tell_losses(void);

/* A message, then pairs of key and value, then NULL (the macros add it). */
void log_write(enum log_level level, const char *file, int line,
    const char *msg, ...) __attribute__((sentinel));

#define log_at(level, ...)                                                     \
	log_write(level, __FILE__, __LINE__, __VA_ARGS__, (const char *)0)
/* A line about what clients do at will. */
#define log_news(news, level, ...)                                             \
	do {                                                                   \
		if (log_admits(news, level))                                   \
			log_at(level, __VA_ARGS__);                            \
	} while (0)
#define log_debug(...) log_at(LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_at(LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_at(LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LEVEL_ERROR, __VA_ARGS__)

#endif
