#include "http/body.h"

#include <stdint.h>
#include <stdlib.h>

#include <event2/buffer.h>

#include "base/mem.h"

/* Less is not worth compressing. */
#define GZIP_BYTES_MIN 512

/* More than this part of a form may not be memory that it does not use. */
#define WASTE_SHARE 8

/* Bytes in one form. */
struct form {
	char *p;
	size_t len;
	size_t holders; /* the body, and all answers */
	size_t sending; /* answers */
	struct outbox *outbox;
};

struct body {
	size_t holders;
	struct form *plain;
	struct form *gzip; /* NULL until asked for */
	struct packed packed;
};

struct outbox {
	struct encoder *encoder;
	size_t unsent;
};

/* Takes the bytes, and gives back what was reserved and not needed. */
static struct form *
form_new(struct buf *bytes)
{
	struct form *f = xcalloc(1, sizeof(*f));
	size_t cap = bytes->cap;

	f->holders = 1;
	f->p = buf_take(bytes, &f->len);
	if (f->len > 0 && cap - f->len > f->len / WASTE_SHARE)
		f->p = xreallocarray(f->p, f->len, 1);
	return f;
}

static void
form_release(struct form *f)
{
	if (f == NULL || --f->holders > 0)
		return;
	free(f->p);
	free(f);
}

struct body *
body_new(struct buf *text)
{
	struct body *b = xcalloc(1, sizeof(*b));

	b->holders = 1;
	b->plain = form_new(text);
	return b;
}

struct body *
body_hold(struct body *b)
{
	b->holders++;
	return b;
}

void
body_release(struct body *b)
{
	if (b == NULL || --b->holders > 0)
		return;
	form_release(b->plain);
	form_release(b->gzip);
	free(b);
}

struct span
body_text(const struct body *b)
{
	return (struct span){ b->plain->p, b->plain->len };
}

struct outbox *
outbox_new(void)
{
	struct outbox *o = xcalloc(1, sizeof(*o));

	o->encoder = encoder_new();
	return o;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	encoder_free(o->encoder);
	free(o);
}

size_t
outbox_unsent(const struct outbox *o)
{
	return o->unsent;
}

/* NULL when it cannot be, or is not worth it. */
static struct form *
gzip_form(struct outbox *o, struct body *b)
{
	if (b->gzip == NULL && b->plain->len >= GZIP_BYTES_MIN &&
	    encoder_gzip(o->encoder, body_text(b), &b->packed))
		b->gzip = form_new(&b->packed.bytes);
	return b->gzip;
}

static void
on_sent(const void *data, size_t len, void *arg)
{
	struct form *f = arg;

	(void)data;
	(void)len;
	if (--f->sending == 0)
		f->outbox->unsent -= f->len;
	form_release(f);
}

static int
put_form(struct outbox *o, struct form *f, struct evbuffer *out)
{
	if (f->len == 0)
		return 0;
	if (f->sending == 0 && f->len > BODY_UNSENT_MAX - o->unsent)
		return -1;
	if (f->sending++ == 0)
		o->unsent += f->len;
	f->outbox = o;
	f->holders++;
	(void)evbuffer_add_reference(out, f->p, f->len, on_sent, f);
	return 0;
}

int
outbox_put(struct outbox *o, struct body *b, struct span tail, bool *gzip,
    struct evbuffer *out)
{
	struct form *packed = *gzip ? gzip_form(o, b) : NULL;
	uint8_t end[ENCODING_END_MAX];

	*gzip = packed != NULL;
	if (put_form(o, packed != NULL ? packed : b->plain, out) < 0)
		return -1;
	if (packed == NULL)
		(void)evbuffer_add(out, tail.p, tail.len);
	else
		(void)evbuffer_add(
		    out, end, encoding_end(&b->packed, tail, end));
	return 0;
}
