/* Status codes (RFC 9110, section 15), each with a place where it is counted. */
#ifndef HTTP_CODE_H
#define HTTP_CODE_H

#include <stddef.h>

#define CODES 13

/*
 * The place of a code: that of 500 for one that is not known here, which is then
 * sent and counted as that.
 */
size_t code_index(int code);

int code_at(size_t index);
const char *code_phrase(size_t index);

#endif
