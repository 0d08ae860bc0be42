#include "config/lines.h"

#include <string.h>

#define BLANKS " \t\r\n\v\f"

char *
lines_trim(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}

size_t
lines_split(char *text, struct line_value *values, size_t max)
{
	size_t n = 0, number = 0;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL && n < max) {
		number++;
		line = lines_trim(line);
		if (line[0] != '\0' && line[0] != '#')
			values[n++] = (struct line_value){ line, number };
	}
	return n;
}
