/*
 * Kinds of flags: how the text of one becomes a field of struct options.
 */
#ifndef CONFIG_OPTION_TYPE_H
#define CONFIG_OPTION_TYPE_H

#include "config/options.h"

/* The words of a choice, one behind the other. */
#define OPTION_WORDS_MAX 64

/* "--" and a name; longer ones are cut. */
#define OPTION_NAME_MAX 64

struct option_type {
	/* Reads text into the field of o; one of a list is added. */
	int (*set)(struct options *opts, const struct option *o,
	    const char *text, struct error *e);
	void (*release)(void *field);          /* NULL: it owns nothing */
	bool (*is_nothing)(const void *field); /* off, empty, the first word */
	bool is_switch;  /* has a --no- form, needs no value */
	bool is_list;    /* repeatable */
	bool is_file;    /* the name of one */
	bool is_private; /* an error does not show its text */
};

extern const struct option_type option_switch; /* a bool */
extern const struct option_type option_string, option_file, option_path,
    option_username;                              /* a char * */
extern const struct option_type option_number;    /* a uint64_t, min to max */
extern const struct option_type option_duration;  /* a uint64_t, in us */
extern const struct option_type option_choice;    /* an enum: which of words */
extern const struct option_type option_mode;      /* an int, or -1 */
extern const struct option_type option_collector; /* a bit of an unsigned */
extern const struct option_type option_target, option_listen, option_allow;
extern const struct option_type option_include, option_exclude; /* filters */

/* Sets a flag that is given. An error names it, and what is wrong. */
int option_set(struct options *opts, const struct option *o, const char *text,
    struct error *e);

void *option_field(struct options *opts, const struct option *o);

/* "debug, info, warn, error" */
void option_words(const struct option *o, char words[OPTION_WORDS_MAX]);

#endif
