/*
 * What evhttp itself refuses (no HTTP, too long, a body) it answers in HTML
 * and without asking anybody. Said in plain text instead, before a byte of it
 * has gone out.
 */
#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include <stdbool.h>

/* Whoever finds the body. */
#define REFUSAL_BODY "A request has no body here."

struct evbuffer;
struct web;

/*
 * When out holds the whole of such an answer, it is replaced, with the headers
 * that web has for all. header_too_long: more has come than a header may have.
 * Returns the status that the client is told, or 0 when nothing has been done.
 */
int refusal_rewrite(
    struct evbuffer *out, const struct web *web, bool header_too_long);

#endif
