/*
 * Bodies of answers. Several answers may share one, each with a short tail of
 * its own: the text is there once, and compressed once, when first asked for,
 * however many clients read it and however slowly.
 *
 * What clients have not read yet is bounded for all of them together by the
 * outbox of the server.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "http/encoding.h"

/* Bytes of bodies that are being sent, a shared one counted once. */
#define BODY_UNSENT_MAX (64U << 20)

/* Of a tail. */
#define BODY_TAIL_MAX ENCODING_TAIL_MAX

struct body;
struct evbuffer;
struct outbox;

/* Takes the text's bytes. The caller is the first to hold it. */
struct body *body_new(struct buf *text);
struct body *body_hold(struct body *b);
void body_release(struct body *b); /* takes NULL */

/* The text, borrowed. */
struct span body_text(const struct body *b);

/* To be freed when nothing that it was put into is there any more. */
struct outbox *outbox_new(void);
void outbox_free(struct outbox *o);

/*
 * Appends a body, by reference, and a tail to out, which is the answer's
 * alone; the bytes count until out has let go of them. With *gzip they are
 * compressed, unless that fails or is not worth it; *gzip says whether. -1,
 * and nothing is added, when too much is unsent.
 */
int outbox_put(struct outbox *o, struct body *b, struct span tail, bool *gzip,
    struct evbuffer *out);

/* Bytes that count. */
size_t outbox_unsent(const struct outbox *o);

#endif
