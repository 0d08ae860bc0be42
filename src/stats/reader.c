#include "stats/reader.h"

#include <stdlib.h>

#include "base/mem.h"
#include "stats/binary.h"
#include "stats/line.h"
#include "stats/plan.h"
#include "stats/retrieve.h"
#include "stats/sample.h"

#define UNAUTHENTICATED "CLIENT_ERROR unauthenticated"

/* Errors to `stats` itself that mean more than "this is no memcached". */
static const struct {
	const char *begins;
	enum reason reason;
} refusals[] = {
	{ UNAUTHENTICATED, REASON_AUTH },
	{ "ERROR Too many open connections", REASON_REFUSED },
};

enum credentials {
	CREDENTIALS_NONE, /* or they have done their work */
	CREDENTIALS_READY,
	CREDENTIALS_SENT
};

struct reader {
	const struct plan *plan;
	unsigned skipped; /* steps that are not asked */
	size_t at; /* of the step being answered; the plan's len at the end */
	enum collector_id collector; /* of that step, at hand; END at the end */
	unsigned refused;            /* steps answered with an error */
	unsigned sent;               /* steps, in one write */
	size_t gets_sent;            /* up to which they are */
	size_t commands;             /* but for gets, in that write */
	size_t bytes;
	bool understood; /* a line of the protocol has come */
	bool has_stat;   /* so has one with STAT, of the current answer */
	size_t strays;   /* lines before anything was understood */
	enum credentials credentials;
	unsigned refusals;    /* that may still come for what was sent before */
	struct sample sample; /* of the text protocol */
	struct retrieve retrieve; /* of the steps behind `stats` */
	struct reply *reply;
	bool binary;
	union {
		struct line_splitter lines;
		struct binary_splitter packets;
	} splitter;
};

/* Stands for a collector when all steps were answered. */
#define END ((enum collector_id)(COLLECTORS + 1))

static const struct step *
step(const struct reader *r)
{
	return &r->plan->steps[r->at];
}

/* It is one that stats/retrieve.h reads. */
static bool
is_behind_stats(const struct reader *r)
{
	return r->collector == COLLECTORS;
}

/* Goes to the first step at or behind `from` that is asked. */
static void
go_to(struct reader *r, size_t from)
{
	const struct plan *plan = r->plan;

	while (from < plan->len && (plan->steps[from].bit & r->skipped) != 0)
		from++;
	r->at = from;
	r->collector = from < plan->len ? plan->steps[from].collector : END;
}

static bool
is_done(const struct reader *r)
{
	return r->collector == END;
}

static bool
is_stats(const struct reader *r)
{
	return r->collector == COLLECTOR_STATS;
}

static struct reader *
new_reader(const struct keys *keys, const struct plan *plan)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->plan = plan;
	go_to(r, 0);
	r->reply = reply_new(keys);
	reply_asked(r->reply, plan);
	reader_sent(r, plan->asked, false);
	return r;
}

struct reader *
reader_new(const struct keys *keys, const struct plan *plan, bool credentials)
{
	struct reader *r = new_reader(keys, plan);

	r->credentials = credentials ? CREDENTIALS_READY : CREDENTIALS_NONE;
	line_splitter_init(&r->splitter.lines);
	return r;
}

struct reader *
reader_new_binary(const struct keys *keys, const struct plan *plan)
{
	struct reader *r = new_reader(keys, plan);

	r->binary = true;
	binary_splitter_init(&r->splitter.packets);
	return r;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	if (r->binary)
		binary_splitter_release(&r->splitter.packets);
	else
		line_splitter_release(&r->splitter.lines);
	reply_free(r->reply);
	free(r);
}

/* The server is no memcached; cause says what ended it, or is empty. */
static int
no_memcached(const struct reader *r, const char *cause, struct error *e)
{
	char text[SAMPLE_MAX];

	(void)error_because(e, REASON_PROTOCOL,
	    "%s%sexpected STAT lines, got:", cause,
	    cause[0] != '\0' ? "; " : "");
	return error_hear(e, sample_text(&r->sample, text));
}

static int
refused(struct reader *r, const struct line *line, struct error *e)
{
	enum reason reason = REASON_PROTOCOL;

	if (line->kind == LINE_WORD)
		return no_memcached(r, "", e);
	for (size_t i = 0; i < nitems(refusals); i++) {
		if (span_begins(line->text, refusals[i].begins))
			reason = refusals[i].reason;
	}
	(void)error_because(e, reason, "stats was answered with:");
	return error_hear(e, line->text);
}

/*
 * As many lines of nothing as there were commands: no memcached, which has an
 * answer to each.
 */
static int
skip(struct reader *r, const struct line *line, struct error *e)
{
	reply_ignore(r->reply);
	if (r->understood)
		return 0;
	r->strays += line->text.len > 0; /* a long one may be a STAT */
	return r->strays < r->commands ? 0 : no_memcached(r, "", e);
}

/* To be continued with the next answer. */
static void
next_answer(struct reader *r)
{
	r->understood = true;
	r->has_stat = false;
	go_to(r, r->at + 1);
}

/* An answer is whole. */
static int
take_end(struct reader *r, struct error *e)
{
	if (is_stats(r) && !r->has_stat)
		return error_because(e, REASON_PROTOCOL,
		    "stats was answered without a STAT line");
	reply_ended(r->reply, r->collector);
	next_answer(r);
	return 0;
}

static bool
wants_credentials(const struct reader *r, const struct line *line)
{
	return r->credentials == CREDENTIALS_READY && r->at == 0 &&
	       span_begins(line->text, UNAUTHENTICATED);
}

/* All commands of the last write. */
static unsigned
sent_commands(const struct reader *r)
{
	size_t n = r->commands;

	if (r->sent & STEPS_GETS)
		n += r->gets_sent - r->retrieve.at;
	return (unsigned)n;
}

/*
 * Between the refusal and the commands that are asked again. A server may
 * refuse each command that came in one write, or all of them at once.
 */
static enum reader_state
take_verdict(struct reader *r, const struct line *line, struct error *e)
{
	if (span_is(line->text, "STORED")) {
		r->credentials = CREDENTIALS_NONE;
		return READER_ASK;
	}
	if (line->kind == LINE_ERROR &&
	    span_begins(line->text, UNAUTHENTICATED) && r->refusals > 0) {
		r->refusals--;
		return READER_MORE;
	}
	if (line->kind == LINE_ERROR || line->kind == LINE_WORD) {
		(void)error_because(
		    e, REASON_AUTH, "the server refused the credentials");
		return READER_FAILED;
	}
	return READER_MORE;
}

static int
take_error(struct reader *r, const struct line *line, struct error *e)
{
	if (!span_begins(line->text, "SERVER_ERROR"))
		r->refused |= r->plan->steps[r->at].bit;
	if (is_stats(r))
		return refused(r, line, e);
	next_answer(r);
	return 0;
}

/* Of an answer behind those of `stats`. */
static int
take_retrieved(struct reader *r, enum retrieved retrieved, struct error *e)
{
	switch (retrieved) {
	case RETRIEVED_MORE:
		return 0;
	case RETRIEVED_STEP:
		next_answer(r);
		return 0;
	case RETRIEVED_ALL:
		go_to(r, r->plan->len);
		return 0;
	case RETRIEVED_BROKEN:
		break;
	}
	return error_because(e, REASON_PROTOCOL,
	    "the answer to %s is none, or its length is wrong",
	    step_name(step(r)));
}

static int
take_line(struct reader *r, const struct line *line, struct error *e)
{
	if (is_behind_stats(r))
		return take_retrieved(r,
		    retrieve_line(
			&r->retrieve, r->plan, step(r), r->reply, line),
		    e);
	switch (line->kind) {
	case LINE_STAT:
		r->understood = true;
		r->has_stat = true;
		return reply_add(
		    r->reply, r->collector, line->key, line->value, e);
	case LINE_END:
		return take_end(r, e);
	case LINE_ERROR:
	case LINE_RESET: /* never asked for */
		return take_error(r, line, e);
	case LINE_WORD:
		if (!r->has_stat)
			return take_error(r, line, e);
		break;
	case LINE_COMPLAINT:
		if (r->understood && !r->has_stat)
			return take_error(r, line, e);
		break;
	case LINE_PREFIX:
		if (collectors[r->collector].answer->has_prefix_lines) {
			r->has_stat = true;
			return reply_add_prefix(
			    r->reply, r->collector, line, e);
		}
		break;
	case LINE_VALUE: /* was not asked for */
	case LINE_OTHER:
	case LINE_LONG:
		break;
	}
	return skip(r, line, e);
}

static int
take_refusal(struct reader *r, const struct binary_packet *p, struct error *e)
{
	r->refused |= r->plan->steps[r->at].bit;
	if (!is_stats(r)) {
		next_answer(r);
		return 0;
	}
	(void)error_because(e,
	    p->status == BINARY_AUTH_ERROR ? REASON_AUTH : REASON_PROTOCOL,
	    "stats was refused, status 0x%x:", p->status);
	return error_hear(e, p->value);
}

static int
take_stat(struct reader *r, const struct binary_packet *p, struct error *e)
{
	if (p->opaque != r->collector)
		return error_because(
		    e, REASON_PROTOCOL, "an answer to nothing that was asked");
	if (p->status != BINARY_OK)
		return take_refusal(r, p, e);
	if (p->is_long) {
		reply_ignore(r->reply);
		return 0;
	}
	if (p->key.len == 0)
		return take_end(r, e);
	r->has_stat = true;
	return reply_add(r->reply, r->collector, p->key, p->value, e);
}

/* A server without SASL does not know the request, and needs none. */
static int
take_packet(struct reader *r, const struct binary_packet *p, struct error *e)
{
	r->understood = true;
	if (p->opcode != BINARY_SASL_AUTH && is_behind_stats(r))
		return take_retrieved(r,
		    retrieve_packet(
			&r->retrieve, r->plan, step(r), r->reply, p),
		    e);
	if (p->opcode == BINARY_STAT)
		return take_stat(r, p, e);
	if (p->opcode != BINARY_SASL_AUTH)
		return error_because(e, REASON_PROTOCOL,
		    "an answer with opcode 0x%x, which was not asked",
		    p->opcode);
	if (p->status != BINARY_OK && p->status != BINARY_UNKNOWN_COMMAND)
		return error_because(e, REASON_AUTH,
		    "the server refused the credentials, status 0x%x",
		    p->status);
	return 0;
}

static enum reader_state
take_packets(struct reader *r, struct span *data, struct error *e)
{
	struct binary_packet packet;

	while (!is_done(r)) {
		switch (binary_next(&r->splitter.packets, data, &packet)) {
		case BINARY_NONE:
			return READER_MORE;
		case BINARY_GARBAGE:
			(void)error_because(e, REASON_PROTOCOL,
			    "what came is no packet of the binary protocol");
			return READER_FAILED;
		case BINARY_PACKET:
			if (take_packet(r, &packet, e) < 0)
				return READER_FAILED;
		}
	}
	return READER_MORE;
}

/* A value whose bytes are counted. */
static int
take_value(struct reader *r, struct span bytes, struct error *e)
{
	return take_retrieved(r,
	    retrieve_bytes(&r->retrieve, r->plan, step(r), r->reply, bytes), e);
}

static enum reader_state
take_lines(struct reader *r, struct span *data, struct error *e)
{
	struct line line = { .kind = LINE_OTHER };
	struct span bytes;

	while (!is_done(r)) {
		size_t counted = r->retrieve.get.bytes;

		if (counted > 0 ? !line_take_bytes(
				      &r->splitter.lines, data, counted, &bytes)
				: !line_next(&r->splitter.lines, data, &line))
			break;
		if (counted > 0) {
			if (take_value(r, bytes, e) < 0)
				return READER_FAILED;
		} else if (r->credentials == CREDENTIALS_SENT) {
			enum reader_state state = take_verdict(r, &line, e);

			if (state != READER_MORE)
				return state;
		} else if (wants_credentials(r, &line)) {
			r->credentials = CREDENTIALS_SENT;
			r->refusals = sent_commands(r) - 1;
			return READER_AUTHENTICATE;
		} else if (take_line(r, &line, e) < 0) {
			return READER_FAILED;
		}
	}
	return READER_MORE;
}

enum reader_state
reader_feed(struct reader *r, struct span *data, struct error *e)
{
	enum reader_state state;

	r->bytes += data->len;
	if (!r->understood && !r->binary)
		sample_add(&r->sample, *data);
	state = r->binary ? take_packets(r, data, e) : take_lines(r, data, e);
	if (state != READER_MORE)
		return state;
	if (is_done(r))
		return READER_DONE;
	if (r->bytes > READER_BYTES_MAX + r->plan->more_bytes) {
		(void)error_because(e, REASON_TOO_LARGE,
		    "more than %zu bytes without the END of %s",
		    READER_BYTES_MAX + r->plan->more_bytes, step_name(step(r)));
		return READER_FAILED;
	}
	return READER_MORE;
}

/* Something came, and it was not of the protocol. */
static bool
is_no_memcached(const struct reader *r)
{
	if (r->binary || r->understood || r->sample.len == 0)
		return false;
	return r->strays > 0 || !line_splitter_may_go_on(&r->splitter.lines);
}

void
reader_broken(const struct reader *r, struct error *why)
{
	struct error cause = *why;

	if (r->credentials == CREDENTIALS_SENT)
		cause.reason = REASON_AUTH;
	if (is_no_memcached(r))
		(void)no_memcached(r, cause.text, why);
	else
		(void)error_because(why, cause.reason, "%s; %s %s", cause.text,
		    r->bytes == 0 ? "no answer to" : "no END of",
		    is_done(r) ? "stats" : step_name(step(r)));
}

void
reader_sent(struct reader *r, unsigned steps, bool one_get)
{
	size_t at = r->retrieve.at;

	r->sent = steps;
	r->commands =
	    (size_t)__builtin_popcount(steps & (STEPS_STATS | STEPS_CLUSTER));
	if (steps & STEPS_GETS)
		r->gets_sent = one_get ? at + 1 : r->plan->gets->len;
}

bool
reader_owes(const struct reader *r)
{
	if (is_done(r) || (step(r)->bit & r->sent) == 0)
		return false;
	return step(r)->kind != STEP_GETS || r->retrieve.at < r->gets_sent;
}

size_t
reader_bytes(const struct reader *r)
{
	return r->bytes;
}

size_t
reader_values(const struct reader *r)
{
	return r->retrieve.bytes;
}

size_t
reader_get(const struct reader *r)
{
	return r->retrieve.at;
}

void
reader_reopen(struct reader *r)
{
	line_splitter_release(&r->splitter.lines);
	line_splitter_init(&r->splitter.lines);
	r->retrieve.get = (struct get_answer){ 0 };
	r->has_stat = false;
}

void
reader_forget(struct reader *r)
{
	reply_free(r->reply);
	r->reply = NULL;
}

void
reader_skip(struct reader *r, unsigned steps)
{
	r->skipped = steps & ~COLLECTOR_BIT(COLLECTOR_STATS);
	go_to(r, 0);
	reader_sent(r, r->plan->asked & ~r->skipped, false);
}

unsigned
reader_missing(const struct reader *r)
{
	unsigned missing = 0;

	for (size_t i = r->at; i < r->plan->len; i++)
		missing |= r->plan->steps[i].bit;
	return missing & ~r->skipped;
}

unsigned
reader_refused(const struct reader *r)
{
	return r->refused;
}

bool
reader_is_silent(const struct reader *r)
{
	return r->bytes == 0;
}

struct reply *
reader_reply(const struct reader *r)
{
	return r->reply;
}
