/*
 * What a client has sent and that is not answered yet: one piece of memory, of
 * HEAD_BYTES_MAX at most, in which the heads of requests are read where they
 * lie. An idle client has none.
 */
#ifndef HTTP_INBOX_H
#define HTTP_INBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "http/head.h"

struct evbuffer;

/* All zero is an empty one. */
struct inbox {
	char *p;
	size_t start; /* of the request that is next */
	size_t len;
	size_t cap;
	size_t scanned; /* of that request; see head_read */
};

/*
 * Reads the next head, as head_read does; what it needs is moved out of input.
 * The spans in *h are good until the inbox is touched again.
 */
enum head_fault inbox_read(
    struct inbox *in, struct evbuffer *input, struct head *h);

/* Passes over n bytes, which were a request. */
void inbox_drop(struct inbox *in, size_t n);

bool inbox_is_empty(const struct inbox *in);

/* Gives the memory back, with what is in it. */
void inbox_clear(struct inbox *in);

#endif
