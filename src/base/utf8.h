/* UTF-8 as RFC 3629 has it: shortest form, no surrogates, up to U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/* The bytes of the character at the front of s, or 0 when there is none. */
size_t utf8_length(struct span s);

#endif
