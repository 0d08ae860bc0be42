#include "http/body.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include "support.h"

#define TEXT_MAX (256U << 20)

static struct body *
body_of(size_t len)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	assert_true(buf_reserve(&text, len));
	if (len > 0)
		memset(text.p, 'x', len);
	text.len = len;
	return body_new(&text);
}

static struct evbuffer *
put(struct outbox *o, struct body *b, bool gzip, int result)
{
	struct evbuffer *out = evbuffer_new();

	assert_int_equal(outbox_put(o, b, SPAN("tail"), &gzip, out), result);
	return out;
}

/* However many send it, the text is there once, and compressed once. */
TEST(shared)
{
	struct outbox *o = outbox_new();
	struct body *b = body_of(100000);
	struct evbuffer *out[40];
	struct evbuffer_iovec first, other;
	size_t plain, packed;

	for (size_t i = 0; i < nitems(out); i++)
		out[i] = put(o, b, i % 2 == 1, 0);
	plain = evbuffer_get_length(out[0]) - strlen("tail");
	packed = evbuffer_get_length(out[1]);
	assert_int_equal(plain, 100000);
	assert_true(packed < plain / 10);
	assert_in_range(
	    outbox_unsent(o), plain + packed - 20, plain + packed - 10);
	for (size_t i = 2; i < nitems(out); i++) {
		(void)evbuffer_peek(out[i % 2], -1, NULL, &first, 1);
		(void)evbuffer_peek(out[i], -1, NULL, &other, 1);
		assert_ptr_equal(first.iov_base, other.iov_base);
	}
	body_release(b); /* those who send hold it */
	for (size_t i = 0; i < nitems(out); i++) {
		assert_true(outbox_unsent(o) >= plain);
		evbuffer_free(out[nitems(out) - 1 - i]);
	}
	assert_int_equal(outbox_unsent(o), 0);
	outbox_free(o);
}

/* What does not fit is not sent; it fits again when something was read. */
TEST(unsent_is_bounded)
{
	struct outbox *o = outbox_new();
	struct body *half = body_of(BODY_UNSENT_MAX / 2), *more = body_of(1);
	struct body *rest = body_of(BODY_UNSENT_MAX - BODY_UNSENT_MAX / 2);
	struct body *over = body_of(BODY_UNSENT_MAX + 1);
	struct evbuffer *a = put(o, half, false, 0), *b, *c, *d;

	evbuffer_free(put(o, over, false, -1));
	b = put(o, rest, false, 0);
	assert_int_equal(outbox_unsent(o), BODY_UNSENT_MAX);
	c = put(o, more, false, -1);
	assert_int_equal(evbuffer_get_length(c), 0);
	/* one that is being sent costs nothing more */
	d = put(o, half, false, 0);
	(void)evbuffer_drain(b, evbuffer_get_length(b));
	assert_int_equal(outbox_unsent(o), BODY_UNSENT_MAX / 2);
	evbuffer_free(put(o, more, false, 0));
	evbuffer_free(a);
	assert_int_equal(outbox_unsent(o), BODY_UNSENT_MAX / 2);
	evbuffer_free(d);
	assert_int_equal(outbox_unsent(o), 0);
	evbuffer_free(b);
	evbuffer_free(c);
	body_release(half);
	body_release(rest);
	body_release(more);
	body_release(over);
	outbox_free(o);
}

/* A body that goes on being shared when nobody reads it counts nothing. */
TEST(kept)
{
	struct outbox *o = outbox_new();
	struct body *b = body_of(1000);

	for (int i = 0; i < 3; i++) {
		evbuffer_free(put(o, b, i == 1, 0));
		assert_int_equal(outbox_unsent(o), 0);
	}
	assert_ptr_equal(body_hold(b), b);
	body_release(b);
	assert_int_equal(body_text(b).len, 1000);
	body_release(b);
	body_release(NULL);
	outbox_free(o);
	outbox_free(NULL);
}

/* Of bytes that are read without a body behind them. */
TEST(short_ones_stay_plain)
{
	static const struct {
		const char *row;
		size_t len;
		bool gzip;
	} rows[] = {
		{ "nothing", 0, false },
		{ "short", 511, false },
		{ "long enough", 512, true },
	};
	struct outbox *o = outbox_new();

	for (size_t i = 0; i < nitems(rows); i++) {
		struct body *b = body_of(rows[i].len);
		struct evbuffer *out = evbuffer_new();
		bool gzip = true;

		check_number(
		    rows[i].row, outbox_put(o, b, SPAN("tail"), &gzip, out), 0);
		check_number(rows[i].row, gzip, rows[i].gzip);
		if (!gzip)
			check_number(rows[i].row, evbuffer_get_length(out),
			    rows[i].len + 4);
		evbuffer_free(out);
		body_release(b);
	}
	outbox_free(o);
}

TESTS(
    "body", T(shared), T(unsent_is_bounded), T(kept), T(short_ones_stay_plain))
