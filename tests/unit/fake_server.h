/*
 * Dials and streams whose other end a test plays, on the clock of fake_time.h:
 * in place of memcached/dial.c and stream.c, so that a target, its collections
 * and its connections run without a socket. Each command that is sent gets a
 * number, which rises; the right answer to it holds that number.
 */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <stdio.h>

#include "base/buf.h"
#include "fake_time.h"
#include "memcached/dial.h"
#include "memcached/modules.h"
#include "memcached/stream.h"
#include "memcached/tls.h"

#define FAKE_COMMANDS_MAX 64
#define FAKE_ANSWER_MAX 128
#define STATS_BYTES 7 /* "stats\r\n" */

struct dial {
	TAILQ_ENTRY(dial) entry;
	dial_fn *done;
	void *arg;
};

struct fake_command {
	uint64_t number;
	bool is_stats; /* the one without an argument */
};

struct stream {
	TAILQ_ENTRY(stream) entry;
	stream_data_fn *data;
	stream_end_fn *end;
	void *arg;
	bool stopped;
	size_t unanswered;
	struct fake_command commands[FAKE_COMMANDS_MAX]; /* that were not */
};

static TAILQ_HEAD(, dial) dials = TAILQ_HEAD_INITIALIZER(dials);
static TAILQ_HEAD(, stream) streams = TAILQ_HEAD_INITIALIZER(streams);
static uint64_t numbers;        /* given so far */
static uint64_t sent_other;     /* the last one that is not `stats` */
static uint64_t answered_stats; /* the last one that was, to its END */
static bool fake_cut_off;       /* no machine acknowledges anything */

/* ---- For the code under test */

struct dial *
dial_new(struct event_base *base, struct resolver *resolver,
    const struct peer *peer, uint64_t deadline_us, dial_fn *done, void *arg)
{
	struct dial *d = calloc(1, sizeof(*d));

	(void)base;
	(void)resolver;
	(void)peer;
	(void)deadline_us;
	d->done = done;
	d->arg = arg;
	TAILQ_INSERT_TAIL(&dials, d, entry);
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	TAILQ_REMOVE(&dials, d, entry);
	free(d);
}

bool
dial_was_reached(const struct dial *d)
{
	(void)d;
	return false;
}

void
dial_late(const struct dial *d, struct error *why)
{
	(void)d;
	(void)error_because(why, REASON_TIMEOUT, "dialing");
}

struct stream *
stream_new(struct event_base *base, int fd, struct bufferevent *tls,
    stream_data_fn *data, stream_end_fn *end, void *arg)
{
	struct stream *s = calloc(1, sizeof(*s));

	(void)base;
	(void)fd;
	(void)tls;
	s->data = data;
	s->end = end;
	s->arg = arg;
	TAILQ_INSERT_TAIL(&streams, s, entry);
	return s;
}

void
stream_free(struct stream *s)
{
	if (s == NULL)
		return;
	TAILQ_REMOVE(&streams, s, entry);
	free(s);
}

void
stream_stop(struct stream *s)
{
	s->stopped = true;
}

void
stream_send(struct stream *s, struct buf *out)
{
	struct span rest = { out->p, out->len };

	while (rest.len > 0) {
		const char *end = memchr(rest.p, '\n', rest.len);
		size_t n = end != NULL ? (size_t)(end - rest.p) + 1 : rest.len;

		if (s->unanswered < FAKE_COMMANDS_MAX)
			s->commands[s->unanswered++] =
			    (struct fake_command){ .number = ++numbers,
				    .is_stats = n == STATS_BYTES };
		if (n != STATS_BYTES)
			sent_other = numbers;
		rest = (struct span){ rest.p + n, rest.len - n };
	}
	buf_release(out);
}

void
stream_expect(struct stream *s, size_t bytes)
{
	(void)s;
	(void)bytes;
}

bool
stream_is_cut_off(const struct stream *s)
{
	(void)s;
	return fake_cut_off;
}

struct module *
module_hold(struct module *m)
{
	return m;
}

void
module_release(struct module *m)
{
	(void)m;
}

struct tls_session *
tls_session_new(void)
{
	return NULL;
}

void
tls_session_free(struct tls_session *s)
{
	(void)s;
}

/* ---- For the test. What there is none of is not played, and false */

static inline struct stream *
fake_stream(size_t at)
{
	struct stream *s;

	TAILQ_FOREACH (s, &streams, entry) {
		if (!s->stopped && at-- == 0)
			return s;
	}
	return NULL;
}

/* Ends the first dial, or the one after it: REASONS is a success. */
static inline bool
fake_dialed(size_t at, enum reason reason)
{
	struct dial *d = TAILQ_FIRST(&dials), ended;
	struct error why;

	if (d != NULL && at > 0)
		d = TAILQ_NEXT(d, entry);
	if (d == NULL)
		return false;
	ended = *d;
	dial_cancel(d);
	if (reason == REASONS) {
		ended.done(-1, NULL, "fake:11211", NULL, ended.arg);
	} else {
		(void)error_because(&why, reason, "fake:11211: failed");
		ended.done(-1, NULL, NULL, &why, ended.arg);
	}
	return true;
}

static inline bool
fake_says(size_t at, struct span text)
{
	struct stream *s = fake_stream(at);

	if (s != NULL)
		s->data(text, s->arg);
	return s != NULL;
}

/* Answers the oldest command: rightly, or with that line. */
static inline bool
fake_answers(size_t at, const char *line)
{
	struct stream *s = fake_stream(at);
	struct fake_command c;
	char text[FAKE_ANSWER_MAX];

	if (s == NULL || s->unanswered == 0)
		return false;
	c = s->commands[0];
	memmove(s->commands, s->commands + 1,
	    --s->unanswered * sizeof(*s->commands));
	if (c.is_stats && line == NULL)
		answered_stats = c.number;
	(void)snprintf(text, sizeof(text), "STAT %s %llu\r\nEND\r\n",
	    c.is_stats ? "curr_items" : "maxconns",
	    (unsigned long long)c.number);
	s->data(span_of(line != NULL ? line : text), s->arg);
	return true;
}

static inline bool
fake_hangs_up(size_t at)
{
	struct stream *s = fake_stream(at);
	struct error why;

	if (s == NULL)
		return false;
	(void)error_because(&why, REASON_CLOSED, "the server hung up");
	s->stopped = true;
	s->end(&why, s->arg);
	return true;
}

/* All that the code under test owns has been given back. */
static inline bool
fake_is_clean(void)
{
	return TAILQ_EMPTY(&dials) && TAILQ_EMPTY(&streams) &&
	       TAILQ_EMPTY(&timers);
}

#endif
