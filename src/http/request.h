/*
 * One HTTP request and its one answer. The handler of a route is given a
 * request and answers it then or later, with one of the three calls below that
 * end it.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct body;
struct client;
struct error;
struct evbuffer;
struct outbox;
struct query;
struct request;
struct web;

/* When its header was complete, as clock_us. */
uint64_t request_arrived(const struct request *r);

/* A header's value, borrowed; p is NULL when absent. */
struct span request_header(const struct request *r, const char *name);

/*
 * Appends a header that is a list, which may come in several lines: all of
 * them, with commas between (RFC 9110, section 5.3).
 */
void request_header_list(
    const struct request *r, const char *name, struct buf *out);

/* The parameters of the path, borrowed. */
const struct query *request_query(const struct request *r);

/*
 * A header of the answer, before one of the calls that end it. One that is
 * configured for all answers goes before it.
 */
void request_add_header(struct request *r, const char *name, const char *value);

/*
 * 200 with a body, which is borrowed and may be of many answers, and a tail of
 * at most BODY_TAIL_MAX bytes that is this one's alone. 503 instead when too
 * much of all answers is not sent yet (http/body.h).
 */
void request_answer(struct request *r, const char *content_type,
    struct body *body, struct span tail);

/* The same for a text that is this one's alone; its bytes are taken. */
void request_answer_text(
    struct request *r, const char *content_type, struct buf *text);

/* request_answer with another status. */
void request_answer_as(struct request *r, int code, const char *content_type,
    struct body *body, struct span tail);

/* Any status, with a sentence for people as text/plain. */
void request_say(struct request *r, int code, const char *sentence);

/* The same, and in how many seconds to come again. */
void request_say_later(
    struct request *r, int code, uint64_t seconds, const char *sentence);

/* ---- For http/server.c */

#define REQUEST_DATE_MAX 32

/* What all requests share. */
struct request_env {
	struct web *web;
	struct outbox *outbox;
	struct evbuffer *out; /* an answer; empty between two */
	bool closing;         /* the connections end with their answers */
	size_t under_way;     /* requests */
	int64_t date_at;      /* in seconds since 1970, of: */
	char date[REQUEST_DATE_MAX];
};

void request_env_init(struct request_env *env, struct web *web);
void request_env_release(struct request_env *env);

/* One that has just come. env is borrowed. */
struct request *request_new(struct client *client, struct request_env *env);

/* Of its client, as of origin.h. */
uint64_t request_origin(const struct request *r);

/* Whether the client still waits for the answer. */
bool request_is_wanted(const struct request *r);

/* Ends it without an answer: the client has left. */
void request_drop(struct request *r);

/* Whose it is, and where its status will be counted: see code.h. */
void request_set_owner(struct request *r, void *owner, uint64_t *counts);
void *request_owner(const struct request *r);

/* Counts it in *n until its end. */
void request_hold_place(struct request *r, size_t *n);

/* To come before a handler; fails for a query that no handler shall see. */
int request_read_query(struct request *r, struct error *e);

struct span request_method(const struct request *r);

/* The path that was asked for, decoded once, borrowed. */
struct span request_path(const struct request *r);

/* Sends the client to that path of ours, with the query that it has sent. */
void request_redirect(struct request *r, struct span path);

/* The server is about to end. */
bool request_is_late(const struct request *r);

#endif
