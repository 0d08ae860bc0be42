/*
 * One HTTP request and its one answer. The handler of a route is given a
 * request and answers it then or later, with one of the two calls below,
 * which end it.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdint.h>

#include "base/buf.h"

struct request;

/* When its header was complete, as clock_us. */
uint64_t request_arrived(const struct request *r);

/* A header's value, borrowed; NULL when absent. */
const char *request_header(const struct request *r, const char *name);

/*
 * The n-th value, from 0, of a parameter of the query, decoded and borrowed;
 * NULL when there are not so many.
 */
const char *request_query(const struct request *r, const char *name, size_t n);

/* One more header for the answer, before it is given; all is copied. */
void request_header_add(struct request *r, const char *name, const char *value);

/* 200 with a body, whose bytes are taken. */
void request_answer(
    struct request *r, const char *content_type, struct buf *body);

/* Any status, with a sentence for people as text/plain. */
void request_say(struct request *r, int code, const char *sentence);

#endif
