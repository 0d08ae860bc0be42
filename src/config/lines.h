/* Text that holds one value a line: argument files, lists in variables. */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include <stddef.h>

struct line_value {
	const char *text;
	size_t number; /* of the line, from 1 */
};

/* Cuts the blanks at both ends of a text, in place. */
char *lines_trim(char *text);

/*
 * Cuts a text into its values, in place, without the blanks around each; empty
 * lines and those that begin with `#` hold none. Returns how many there are,
 * but no more than max.
 */
size_t lines_split(char *text, struct line_value *values, size_t max);

#endif
