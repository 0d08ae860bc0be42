/*
 * The command line. One table holds each flag's name, default, help and how
 * its text is read; parsing, --help and the checks of the documentation use
 * it. Forms: --flag=value, --flag value, --flag, --no-flag, --flag=true,
 * @file (one argument a line). A flag that is not given may come from the
 * environment: MEMCACHED_EXPORTER_ and its name in capitals, with `_` for
 * other signs; there, a repeatable one has one value a line.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "config/allow.h"

/* An argument file may not be larger, nor hold more arguments. */
#define OPTIONS_FILE_MAX (1U << 20)
#define OPTIONS_ARGUMENTS_MAX 4096

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
	char *pid_file; /* "" = none, as with all the strings */
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

/*
 * Reads defaults, then the environment, then the arguments without argv[0].
 * Returns -1 with one sentence in e. options_release in any case.
 */
int options_parse(
    struct options *o, int argc, const char *const *argv, struct error *e);
void options_release(struct options *o);

/* The text of --help. */
void options_help(struct buf *out);

#endif
