/* A borrowed run of bytes: never NUL-terminated, never freed. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *p;
	size_t len;
};

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

/* The text of a C string, without its NUL. */
static inline struct span
span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/* Whether a C string is there and not empty. */
static inline bool
is_set(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* Whether two C strings are the same; NULL is so to itself alone. */
static inline bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether a C string has no blank and no control character. */
static inline bool
is_graphic(const char *s)
{
	while ((unsigned char)*s > ' ' && *s != 0x7f)
		s++;
	return *s == '\0';
}

/* Whether s holds exactly the bytes of text. */
static inline bool
span_is(struct span s, const char *text)
{
	return strlen(text) == s.len && memcmp(s.p, text, s.len) == 0;
}

/* Whether s begins with the bytes of text. */
static inline bool
span_begins(struct span s, const char *text)
{
	size_t n = strlen(text);

	return n <= s.len && memcmp(s.p, text, n) == 0;
}

#endif
