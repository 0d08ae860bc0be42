#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
xnonnull(void *p)
{
	if (p == NULL) {
		(void)fputs("memcached_exporter: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return xnonnull(malloc(size));
}

void *
xcalloc(size_t n, size_t size)
{
	return xnonnull(calloc(n, size));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return xnonnull(reallocarray(p, n, size));
}

/* That of nothing is no failure. */
void *
xrealloc(void *p, size_t size)
{
	return xreallocarray(p, 1, size > 0 ? size : 1);
}

char *
xstrdup(const char *s)
{
	return xnonnull(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return xnonnull(strndup(s, n));
}
