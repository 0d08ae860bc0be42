/*
 * What the flags say. One table holds each flag's name, default, help and how
 * its text is read; config/arguments.h, --help and the checks of the
 * documentation use it.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "config/allow.h"
#include "config/completion.h"
#include "config/module.h"

/* HTTP clients connected at a time, as --web.max-connections has it at most. */
#define OPTIONS_CONNECTIONS_MAX 1000000

/* Scrapes at a time, as --web.max-requests has it at most. */
#define OPTIONS_REQUESTS_MAX 1000000

/* Targets that are kept, as --scrape.max-targets has it at most. */
#define OPTIONS_TARGETS_MAX 1000000

/* More addresses to listen on than this are refused. */
#define OPTIONS_LISTEN_MAX 64

/* The table of flags has no more rows than this. */
#define OPTIONS_ROWS_MAX 64

struct options {
	bool given[OPTIONS_ROWS_MAX]; /* which rows of the table were */
	bool help;
	bool help_long;
	bool help_man;
	bool version;
	bool completion[SHELL_FISH + 1]; /* by enum shell */
	bool once;
	bool config_check;
	bool healthcheck;
	char *locate; /* the pool; then the arguments are keys: */
	char **keys;
	size_t keys_len;
	bool lifecycle;
	bool no_exporter_metrics;
	bool has_target;
	struct address target;
	struct module_config module; /* the one named `default` */
	char *pid_file; /* memcached's; "" = none, as with all the strings */
	char *own_pid_file;
	char *config_file;
	char *web_config_file;
	uint64_t prefixes_max; /* of the collector `detail` */
	uint64_t max_connections;
	uint64_t max_targets;
	uint64_t max_requests; /* 0: no limit */
	char *telemetry_path;
	char *scrape_path;
	struct allow *allow;
	struct address *listen;
	size_t listen_len;
	int socket_mode;     /* of unix sockets to listen on; -1: the umask's */
	bool systemd_socket; /* listen on what systemd passes, not on these */
	enum log_level log_level;
	enum log_format log_format;
};

struct option_type;

struct option {
	const char *name; /* without dashes */
	const struct option_type *type;
	size_t field;       /* of struct options */
	const char *preset; /* its default; NULL: no value at all */
	const char *help;
	uint64_t min, max;        /* of a number */
	const char *const *words; /* of a choice */
	size_t words_len;
	bool connects;           /* says how to speak to memcached */
	bool asks;               /* wants something else than to run */
	bool hidden;             /* from --help */
	const char *needs;       /* the switch without which it has no effect */
	const char *void_beside; /* the switch beside which it has none */
	/*
	 * An old name for these, which end with NULL: not in --help, and
	 * without a default.
	 */
	const char *const *stands_for;
};

extern const struct option options_table[];
extern const size_t options_table_len;

/* The row of a name of len bytes, or NULL. */
const struct option *options_find(const char *name, size_t len);

/* Whether a flag was given, here or in the environment. */
bool options_is_given(const struct options *o, const char *name);

/* Nothing is set yet. */
void options_init(struct options *o);

/* Completes what follows from others, and finds what does not go together. */
int options_check(struct options *o, struct error *e);

/* Calls each with a sentence for each flag that has no effect as given. */
void options_without_effect(const struct options *o,
    void (*each)(const char *sentence, void *arg), void *arg);

/* The first flag that was given and says how to connect; NULL: none. */
const struct option *options_connecting(const struct options *o);

/* Takes what is all zero, too. */
void options_release(struct options *o);

#endif
