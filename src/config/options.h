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

/* HTTP clients connected at a time, as --web.max-connections has it at most. */
#define OPTIONS_CONNECTIONS_MAX 1000000

/* More addresses to listen on than this are refused. */
#define OPTIONS_LISTEN_MAX 64

struct options {
	bool help;
	bool version;
	bool once;
	bool config_check;
	bool lifecycle;
	bool has_target;
	struct address target;
	uint64_t timeout_us;
	char *pid_file; /* memcached's; "" = none, as with all the strings */
	char *own_pid_file;
	bool tls_enable;
	bool tls_insecure;
	char *tls_cert_file;
	char *tls_key_file;
	char *tls_ca_file;
	char *tls_server_name;
	unsigned protocol; /* 1: binary */
	unsigned auth;     /* 1: sasl, which is binary */
	char *username;
	char *password_file;
	char *config_file;
	char *web_config_file;
	uint64_t max_connections;
	char *telemetry_path;
	char *scrape_path;
	struct allow *allow;
	struct address *listen;
	size_t listen_len;
	int socket_mode;     /* of unix sockets to listen on; -1: the umask's */
	bool systemd_socket; /* listen on what systemd passes, not on these */
	bool collect_settings;
	bool collect_slab;
	bool collect_scrub;
	unsigned log_level;  /* enum log_level */
	unsigned log_format; /* enum log_format */
};

struct option;

/* Reads text into the option's field of opts; a repeatable one adds to it. */
typedef int set_fn(struct options *opts, const struct option *o,
    const char *text, struct error *e);

struct option {
	const char *name; /* without dashes */
	set_fn *set;
	size_t field;       /* of struct options */
	const char *preset; /* its default */
	const char *help;
};

/* The table has no more rows than this. */
#define OPTIONS_ROWS_MAX 64

extern const struct option options_table[];
extern const size_t options_table_len;

/* The row of a name of len bytes, or NULL. */
const struct option *options_find(const char *name, size_t len);

bool option_is_switch(const struct option *o);
bool option_is_list(const struct option *o); /* repeatable */

/* It asks the program for something else than to run: --help, --version. */
bool option_is_question(const struct option *o);

/*
 * What no flag alone can know. The first comes before the presets are set:
 * given says which rows of the table were. The second comes after them.
 */
int options_check_given(
    const struct options *o, const bool *given, struct error *e);
int options_check(const struct options *o, struct error *e);

/* Takes what is all zero, too. */
void options_release(struct options *o);

#endif
