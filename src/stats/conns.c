/*
 * `stats conns`: what each connection does. Thousands come, so they are only
 * counted, by state and transport; never by their peers.
 *
 *	STAT 23:addr tcp:127.0.0.1:57522
 *	STAT 23:listen_addr tcp:127.0.0.1:21501
 *	STAT 23:state conn_parse_cmd
 *	STAT 23:resps_waiting 2
 *	STAT 23:secs_since_last_cmd 0
 */
#include "base/parse.h"
#include "stats/collector.h"
#include "stats/line.h"

/* memcached has some twelve states, and five transports. */
#define KINDS_MAX 64
#define WORD_BYTES_MAX 24

static const double bounds[] = { 1, 10, 60, 300, 900, 3600, 21600, 86400 };

static answer_render_fn render_states, render_idle, render_waiting;

static const struct answer_family families[] = {
	{ "memcached_connections_by_state", METRIC_GAUGE, "state,transport",
	    "Connections by state and transport, listening sockets among them"
	    " (state, addr).",
	    render_states },
	{ "memcached_connection_idle_seconds", METRIC_HISTOGRAM, "le",
	    "Seconds since the last command of each connection that is no"
	    " listening socket (secs_since_last_cmd).",
	    render_idle },
	{ "memcached_connections_responses_waiting", METRIC_GAUGE, "",
	    "Responses that wait to be sent (resps_waiting).", render_waiting },
};

struct word {
	char text[WORD_BYTES_MAX];
	uint8_t len;
};

struct kind {
	struct word state, transport;
	uint64_t count;
};

struct conns {
	/* the connection whose lines are coming */
	struct word number;
	struct word state, transport;
	bool has_idle;
	uint64_t idle;

	struct kind kinds[KINDS_MAX];
	size_t kinds_len;
	uint64_t buckets[nitems(bounds) + 1];
	double idle_sum;
	uint64_t waiting;
};

/* A longer one is cut: a server that sends it is no memcached. */
static void
set_word(struct word *w, struct span text)
{
	w->len =
	    (uint8_t)(text.len < sizeof(w->text) ? text.len : sizeof(w->text));
	memcpy(w->text, text.p, w->len);
}

static struct span
span_of_word(const struct word *w)
{
	return (struct span){ w->text, w->len };
}

static bool
is_word(const struct word *w, struct span text)
{
	return w->len == text.len && memcmp(w->text, text.p, text.len) == 0;
}

/* The last one takes what has no room. */
static struct kind *
find_kind(struct conns *c, struct span state, struct span transport)
{
	struct kind *k = c->kinds;

	for (; k < c->kinds + c->kinds_len; k++) {
		if (is_word(&k->state, state) &&
		    is_word(&k->transport, transport))
			return k;
	}
	if (c->kinds_len == KINDS_MAX)
		return &c->kinds[KINDS_MAX - 1];
	if (++c->kinds_len == KINDS_MAX)
		state = transport = span_of("other");
	set_word(&k->state, state);
	set_word(&k->transport, transport);
	return k;
}

/* All lines of a connection have come. */
static void
count_conn(struct conns *c)
{
	struct span state = span_of_word(&c->state);
	bool listens = span_is(state, "listening");
	size_t i = 0;

	if (state.len > 0)
		find_kind(c, state, span_of_word(&c->transport))->count++;
	if (c->has_idle && !listens) {
		while (i < nitems(bounds) && (double)c->idle > bounds[i])
			i++;
		c->buckets[i]++;
		c->idle_sum += (double)c->idle;
	}
	c->state.len = c->transport.len = 0;
	c->has_idle = false;
}

static struct span
after(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.len - n };
}

static void
take_state(struct conns *c, struct span text)
{
	static const char prefix[] = "conn_";

	if (span_begins(text, prefix))
		text = after(text, sizeof(prefix) - 1);
	set_word(&c->state, text);
}

/* "tcp6:[::1]:57522": what stands in front of the colon. */
static void
take_address(struct conns *c, struct span text)
{
	const char *colon = memchr(text.p, ':', text.len);

	text.len = colon != NULL ? (size_t)(colon - text.p) : 0;
	set_word(&c->transport, text);
}

static enum answer_result
take(void *state, const struct line *line)
{
	const char *colon = memchr(line->key.p, ':', line->key.len);
	struct span number = line->key, key;
	struct conns *c = state;
	uint64_t n;

	if (colon == NULL)
		return ANSWER_IGNORED;
	number.len = (size_t)(colon - number.p);
	key = after(line->key, number.len + 1);
	if (!is_word(&c->number, number)) {
		count_conn(c);
		set_word(&c->number, number);
	}
	if (span_is(key, "state"))
		take_state(c, line->value);
	else if (span_is(key, "addr"))
		take_address(c, line->value);
	else if (span_is(key, "secs_since_last_cmd") ||
		 span_is(key, "resps_waiting")) {
		if (parse_u64(line->value, &n) < 0 || n > UINT32_MAX)
			return ANSWER_IGNORED;
		if (key.p[0] == 'r') {
			c->waiting += n;
			return ANSWER_TAKEN;
		}
		c->has_idle = true;
		c->idle = n;
	}
	return ANSWER_TAKEN;
}

static void
end(void *state)
{
	count_conn(state);
}

static void
render_states(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state)
{
	const struct conns *c = state;

	if (c->kinds_len > 0)
		text_family(out, format, f->name, f->type, f->help);
	for (size_t i = 0; i < c->kinds_len; i++) {
		const struct kind *k = &c->kinds[i];

		buf_add_str(out, f->name);
		buf_add_char(out, '{');
		text_label(out, "state", span_of_word(&k->state));
		text_label(out, "transport", span_of_word(&k->transport));
		buf_add_str(out, "} ");
		buf_add_u64(out, k->count);
		buf_add_char(out, '\n');
	}
}

static void
render_idle(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state)
{
	const struct conns *c = state;
	struct histogram idle = { bounds, nitems(bounds), c->buckets,
		c->idle_sum };

	text_histogram(out, format, f->name, f->help, &idle);
}

static void
render_waiting(struct buf *out, enum text_format format,
    const struct answer_family *f, const void *state)
{
	const struct conns *c = state;

	text_family(out, format, f->name, f->type, f->help);
	text_sample_u64(out, f->name, c->waiting);
}

const struct answer answer_conns = {
	.size = sizeof(struct conns),
	.take = take,
	.end = end,
	.families = families,
	.families_len = nitems(families),
};
