#include "stats/reader_inside.h"

#define UNAUTHENTICATED "CLIENT_ERROR unauthenticated"

/* Errors to `stats` itself that mean more than "this is no memcached". */
static const struct {
	const char *begins;
	enum reason reason;
} refusals[] = {
	{ UNAUTHENTICATED, REASON_AUTH },
	{ "ERROR Too many open connections", REASON_REFUSED },
};

int
reader_no_memcached(const struct reader *r, const char *cause, struct error *e)
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
		return reader_no_memcached(r, "", e);
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
	return r->strays < r->commands ? 0 : reader_no_memcached(r, "", e);
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
	if (reader_is_stats(r))
		return refused(r, line, e);
	reader_next_answer(r);
	return 0;
}

static int
take_line(struct reader *r, const struct line *line, struct error *e)
{
	if (reader_is_behind_stats(r))
		return reader_take_retrieved(r,
		    retrieve_line(
			&r->retrieve, r->plan, reader_step(r), r->reply, line),
		    e);
	switch (line->kind) {
	case LINE_STAT:
		r->understood = true;
		r->has_stat = true;
		return reply_add(
		    r->reply, r->collector, line->key, line->value, e);
	case LINE_END:
		return reader_take_end(r, e);
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

/* A value whose bytes are counted. */
static int
take_value(struct reader *r, struct span bytes, struct error *e)
{
	return reader_take_retrieved(r,
	    retrieve_bytes(
		&r->retrieve, r->plan, reader_step(r), r->reply, bytes),
	    e);
}

enum reader_state
reader_take_lines(struct reader *r, struct span *data, struct error *e)
{
	struct line line = { .kind = LINE_OTHER };
	struct span bytes;

	while (!reader_is_done(r)) {
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

bool
reader_is_no_memcached(const struct reader *r)
{
	if (r->binary || r->understood || r->sample.len == 0)
		return false;
	return r->strays > 0 || !line_splitter_may_go_on(&r->splitter.lines);
}
