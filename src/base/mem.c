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
