#include "stats/reader.h"

#include <stdio.h>

#include "stats/plan.h"
#include "support.h"

#define STATS (1U << COLLECTOR_STATS)
#define SETTINGS (1U << COLLECTOR_SETTINGS)
#define SLABS (1U << COLLECTOR_SLABS)
#define ITEMS (1U << COLLECTOR_ITEMS)
#define SCRUB (1U << COLLECTOR_SCRUB)
#define USUAL (STATS | SETTINGS | SLABS | ITEMS)

#define UPTIME "STAT uptime 1\r\n"

static struct keys *keys;
static struct plans *plans;

/* The plan that asks exactly these. */
static const struct plan *
plan_of(unsigned set)
{
	return plans_get(plans, set, set);
}

static int
begin(void **state)
{
	(void)state;
	keys = keys_new();
	plans = plans_new(100);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	plans_free(plans);
	keys_free(keys);
	return 0;
}

/* Feeds text in pieces of a size; returns how much was read. */
static size_t
feed(struct reader *r, struct span text, size_t size, enum reader_state *state,
    struct error *e)
{
	size_t at = 0;

	*state = READER_MORE;
	while (at < text.len && *state == READER_MORE) {
		size_t n = size < text.len - at ? size : text.len - at;
		struct span data = { text.p + at, n };

		*state = reader_feed(r, &data, e);
		at += n - data.len;
	}
	return at;
}

/*
 * What became of it: the state, the reason when it failed, the set that
 * were answered, lines ignored, what was left behind the last answer.
 */
static void
outcome(struct buf *out, unsigned set, struct span text, size_t size)
{
	static const char *const states[] = {
		[READER_MORE] = "more",
		[READER_DONE] = "done",
		[READER_FAILED] = "failed",
	};
	struct reader *r = reader_new(keys, plan_of(set), false);
	const struct reply *reply = reader_reply(r);
	enum reader_state state;
	struct error e;
	size_t read = feed(r, text, size, &state, &e);

	buf_add_str(out, states[state]);
	if (state == READER_FAILED)
		buf_printf(out, " %s", reason_name(e.reason));
	for (enum collector_id s = 0; s < COLLECTORS; s++) {
		check_number(collector_name(s), reply_was_asked(reply, s),
		    (set >> s & 1) != 0);
		if (reply_has_ended(reply, s))
			buf_printf(out, " %s", collector_name(s));
	}
	if (reply_ignored(reply) > 0)
		buf_printf(out, " ignored=%u", (unsigned)reply_ignored(reply));
	if (state == READER_DONE && read < text.len)
		buf_printf(out, " left=%zu", text.len - read);
	reader_free(r);
}

TEST(answers)
{
	static const struct {
		const char *name;
		unsigned set;
		struct span input;
		const char *outcome;
	} rows[] = {
		{ "stats alone", STATS, SPAN(UPTIME "END\r\n"), "done stats" },
		{ "empty answer", STATS, SPAN("END\r\n"), "failed protocol" },
		{ "empty answers", USUAL, SPAN("END\r\nEND\r\nEND\r\nEND\r\n"),
		    "failed protocol" },
		{ "no STAT line", USUAL, SPAN("foo\r\nbar\r\nEND\r\n"),
		    "failed protocol ignored=2" },
		{ "empty answers to the others", USUAL,
		    SPAN(UPTIME "END\r\nEND\r\nEND\r\nEND\r\n"),
		    "done stats settings slabs items" },
		{ "RESET", STATS, SPAN("RESET\r\n"), "failed protocol" },
		{ "RESET to settings", STATS | SETTINGS,
		    SPAN(UPTIME "END\r\nRESET\r\n"), "done stats" },
		{ "all four", USUAL,
		    SPAN(UPTIME "END\r\nSTAT maxconns 1\r\nEND\r\n"
				"STAT 1:chunk_size 96\r\nEND\r\n"
				"STAT items:1:number 1\r\nEND\r\n"),
		    "done stats settings slabs items" },
		{ "settings alone", SETTINGS,
		    SPAN("STAT maxconns 1\r\nEND\r\n"), "done settings" },
		{ "ERROR to settings alone", SETTINGS, SPAN("ERROR\r\n"),
		    "done" },
		{ "not all asked", STATS | SLABS,
		    SPAN(UPTIME "END\r\nEND\r\nEND\r\n"),
		    "done stats slabs left=5" },
		{ "with scrub", STATS | SCRUB,
		    SPAN(UPTIME
			"END\r\nSTAT scrubber:status stopped\r\nEND\r\n"),
		    "done stats scrub" },
		{ "not yet", USUAL, SPAN(UPTIME "END\r\n" UPTIME),
		    "more stats" },
		{ "no byte", USUAL, SPAN(""), "more" },
		{ "no line end", STATS, SPAN("END"), "more" },
		{ "CR and no LF", STATS, SPAN("END\r"), "more" },
		{ "LF alone", STATS, SPAN("STAT uptime 1\nEND\n"),
		    "done stats" },
		{ "left behind", STATS, SPAN(UPTIME "END\r\nEN"),
		    "done stats left=2" },
		{ "line left behind", STATS, SPAN(UPTIME "END\r\n\r\n"),
		    "done stats left=2" },

		{ "ERROR to settings", USUAL,
		    SPAN(UPTIME "END\r\nERROR\r\nEND\r\nEND\r\n"),
		    "done stats slabs items" },
		{ "CLIENT_ERROR to slabs", USUAL,
		    SPAN(UPTIME "END\r\nEND\r\nCLIENT_ERROR x\r\nEND\r\n"),
		    "done stats settings items" },
		{ "SERVER_ERROR to items", USUAL,
		    SPAN(UPTIME "END\r\nEND\r\nEND\r\nSERVER_ERROR x\r\n"),
		    "done stats settings slabs" },
		{ "errors to all but stats", USUAL,
		    SPAN(UPTIME "END\r\nERROR\r\nERROR\r\nERROR\r\n"),
		    "done stats" },
		{ "error after some lines", STATS | SETTINGS,
		    SPAN(UPTIME "END\r\nSTAT maxconns 1\r\nSERVER_ERROR x\r\n"),
		    "done stats" },
		{ "unauthenticated settings", STATS | SETTINGS,
		    SPAN(UPTIME "END\r\nCLIENT_ERROR unauthenticated\r\n"),
		    "done stats" },

		{ "ERROR to stats", USUAL, SPAN("ERROR\r\n"),
		    "failed protocol" },
		{ "late ERROR to stats", USUAL, SPAN(UPTIME "SERVER_ERROR\r\n"),
		    "failed protocol" },
		{ "unauthenticated", USUAL,
		    SPAN("CLIENT_ERROR unauthenticated\r\n"), "failed auth" },
		{ "another CLIENT_ERROR", USUAL,
		    SPAN("CLIENT_ERROR bad command line\r\n"),
		    "failed protocol" },
		{ "too many connections", USUAL,
		    SPAN("ERROR Too many open connections\r\n"),
		    "failed refused" },

		{ "stray lines", USUAL & ~ITEMS,
		    SPAN("\r\nfoo\r\n" UPTIME
			 "PREFIX p get 1\r\nEND\r\nEND\r\nEND\r\n"),
		    "done stats settings slabs ignored=3" },
		{ "STAT without key", STATS | SCRUB | ITEMS,
		    SPAN("STAT \r\nSTAT\r\n" UPTIME "END\r\nEND\r\nEND\r\n"),
		    "done stats items scrub ignored=2" },
		{ "bad class numbers", STATS | SLABS | ITEMS,
		    SPAN(UPTIME "END\r\nSTAT x:y 1\r\nSTAT -1:y 1\r\nEND\r\n"
				"STAT items:x:y 1\r\nEND\r\n"),
		    "done stats slabs items ignored=3" },
		{ "keys of another id", STATS | SETTINGS,
		    SPAN("STAT maxconns 1\r\nEND\r\nSTAT uptime 1\r\nEND\r\n"),
		    "done stats settings" },
		{ "binary", STATS,
		    SPAN(UPTIME "\x81\0\r\n\xff\n\0END\r\nEND\r\n"),
		    "done stats ignored=3" },
		{ "HTTP", USUAL,
		    SPAN("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"),
		    "more ignored=3" },
		{ "as many strays as commands", USUAL,
		    SPAN("-ERR a\r\n-ERR b\r\n\r\n-ERR c\r\n-ERR d\r\n"),
		    "failed protocol ignored=5" },
		{ "one stray less", USUAL, SPAN("a\r\nb\r\n\r\nc\r\n" UPTIME),
		    "more ignored=4" },
		{ "strays behind a STAT", STATS,
		    SPAN(UPTIME "a\r\nb\r\nc\r\nEND\r\n"),
		    "done stats ignored=3" },

		{ "ERROR with a colon", USUAL,
		    SPAN(UPTIME "END\r\nERROR: no\r\nCLIENT_ERROR: no\r\n"
				"SERVER_ERROR:\r\n"),
		    "done stats" },
		{ "other words", USUAL,
		    SPAN(
			UPTIME "END\r\nINVALID\r\nRECV_TIMEOUT \r\nERR: x\r\n"),
		    "done stats" },
		{ "words in any case", USUAL,
		    SPAN(UPTIME "END\r\nerror\r\n-ERR x\r\nUnknown x\r\n"),
		    "done stats" },
		{ "one behind a STAT", STATS | SETTINGS,
		    SPAN(UPTIME "END\r\nSTAT a 1\r\nError\r\nEND\r\n"),
		    "done stats settings ignored=1" },
		{ "a word behind a STAT", STATS | SETTINGS,
		    SPAN(UPTIME "END\r\nSTAT a 1\r\nINVALID\r\nEND\r\n"),
		    "done stats settings ignored=1" },
		{ "words that are none", STATS | SETTINGS,
		    SPAN(UPTIME
			"END\r\nX\r\nX1 2\r\nInvalids\r\n:\r\nVALUE a\r\n"
			"END\r\n"),
		    "done stats settings ignored=5" },
		{ "a word to stats", USUAL, SPAN("RECV_TIMEOUT\r\n"),
		    "failed protocol" },
		{ "ERROR: to stats", USUAL, SPAN("SERVER_ERROR:x\r\n"),
		    "failed protocol" },
	};

	for (EACH(r, rows)) {
		for (size_t size = 1; size <= r->input.len + 1; size++) {
			struct buf out;

			buf_init(&out, 200);
			outcome(&out, r->set, r->input, size);
			check_text(r->name, span_of_buf(&out), r->outcome);
			buf_release(&out);
		}
	}
}

#define NO "CLIENT_ERROR unauthenticated\r\n"
#define YES "STORED\r\n"
#define ANSWERS UPTIME "END\r\nEND\r\nEND\r\nEND\r\n"

/*
 * The states that end a feed, one after the other, as an owner with
 * credentials sees them; and the reason when it failed.
 */
TEST(credentials)
{
	static const struct {
		const char *name;
		struct span input;
		const char *outcome;
	} rows[] = {
		{ "not asked for", SPAN(ANSWERS), "done" },
		{ "asked for", SPAN(NO), "authenticate more" },
		{ "refused once", SPAN(NO YES ANSWERS),
		    "authenticate ask done" },
		{ "each command refused", SPAN(NO NO NO NO YES ANSWERS),
		    "authenticate ask done" },
		{ "LF alone",
		    SPAN("CLIENT_ERROR unauthenticated\nSTORED\n" ANSWERS),
		    "authenticate ask done" },
		{ "waiting for the verdict", SPAN(NO NO NO NO),
		    "authenticate more" },
		{ "stray lines before the verdict", SPAN(NO "\r\nfoo\r\n" YES),
		    "authenticate ask more" },
		{ "wrong ones",
		    SPAN(NO "CLIENT_ERROR authentication failure\r\n"),
		    "authenticate failed auth" },
		{ "no memory for them", SPAN(NO "SERVER_ERROR x\r\n"),
		    "authenticate failed auth" },
		{ "no set", SPAN(NO NO "ERROR\r\n"),
		    "authenticate failed auth" },
		{ "not stored", SPAN(NO "NOT_STORED\r\n"),
		    "authenticate failed auth" },
		{ "one refusal too many", SPAN(NO NO NO NO NO),
		    "authenticate failed auth" },
		{ "stored in vain", SPAN(NO YES NO),
		    "authenticate ask failed auth" },
		{ "half an answer before", SPAN(UPTIME NO YES ANSWERS),
		    "authenticate ask done" },
		{ "only for a sub-command", SPAN(UPTIME "END\r\n" NO NO NO),
		    "done" },
		{ "another error", SPAN("CLIENT_ERROR bad command\r\n"),
		    "failed protocol" },
	};
	static const char *const states[] = {
		[READER_MORE] = "more",
		[READER_DONE] = "done",
		[READER_AUTHENTICATE] = "authenticate",
		[READER_ASK] = "ask",
		[READER_FAILED] = "failed",
	};

	for (EACH(row, rows)) {
		for (size_t size = 1; size <= row->input.len; size++) {
			struct reader *r =
			    reader_new(keys, plan_of(USUAL), true);
			struct span rest = row->input;
			enum reader_state state;
			struct error e;
			struct buf out;

			buf_init(&out, 200);
			do {
				size_t n = feed(r, rest, size, &state, &e);

				rest.p += n;
				rest.len -= n;
				if (state != READER_MORE || rest.len == 0)
					buf_printf(&out, "%s%s",
					    out.len > 0 ? " " : "",
					    states[state]);
			} while (rest.len > 0 && state != READER_FAILED &&
				 state != READER_DONE);
			if (state == READER_AUTHENTICATE || state == READER_ASK)
				buf_add_str(&out, " more");
			if (state == READER_FAILED)
				buf_printf(&out, " %s", reason_name(e.reason));
			check_text(row->name, span_of_buf(&out), row->outcome);
			buf_release(&out);
			reader_free(r);
		}
	}
}

/* Every answer goes to the collector that was asked at its place. */
TEST(in_order)
{
	static const struct {
		enum collector_id collector;
		const char *key, *value;
	} rows[] = {
		{ COLLECTOR_STATS, "threads", "1" },
		{ COLLECTOR_SETTINGS, "verbosity", "2" },
		{ COLLECTOR_SLABS, "active_slabs", "3" },
		{ COLLECTOR_SLABS, "total_malloced", "(absent)" },
		{ COLLECTOR_SCRUB, "scrubber:status", "5" },
	};
	static const struct span input =
	    SPAN("STAT threads 1\r\nSTAT verbosity x\r\nEND\r\n"
		 "STAT threads x\r\nSTAT verbosity 2\r\nEND\r\n"
		 "STAT active_slabs 3\r\nEND\r\n"
		 "STAT total_malloced 4\r\nEND\r\n"
		 "STAT scrubber:status 5\r\nEND\r\n");
	struct reader *r = reader_new(keys, plan_of(USUAL | SCRUB), false);
	enum reader_state state;
	struct error e;

	(void)feed(r, input, SIZE_MAX, &state, &e);
	check_number("in order", state, READER_DONE);
	for (EACH(row, rows)) {
		struct span value;
		bool found = reply_find(reader_reply(r), REPLY_SERVER,
		    row->collector, row->key, &value);

		check_text(
		    row->key, found ? value : span_of("(absent)"), row->value);
	}
	reader_free(r);
}

/* Answers without end: one piece over and over. */
TEST(too_large)
{
	static const struct {
		const char *name;
		const char *begin;
		size_t fill;
		const char *end;
		size_t most; /* bytes read before it fails */
	} rows[] = {
		{ "long values", "STAT k ", 8000, "\r\n",
		    READER_BYTES_MAX + 8009 },
		{ "not understood", "", 100, "\r\n", READER_BYTES_MAX + 102 },
		{ "long lines", "", 9000, "\r\n", READER_BYTES_MAX + 9002 },
		{ "one line", "", 100, "", READER_BYTES_MAX + 100 },
		{ "empty lines", "\n\n", 0, "", READER_BYTES_MAX + 2 },
	};

	for (EACH(row, rows)) {
		struct reader *r = reader_new(keys, plan_of(USUAL), false);
		struct span data = SPAN(UPTIME "END\r\n");
		enum reader_state state = reader_feed(r, &data, NULL);
		struct error e = { 0 };
		struct buf piece;
		size_t fed = 0;

		buf_init(&piece, 1 << 20);
		buf_add_str(&piece, row->begin);
		for (size_t i = 0; i < row->fill; i++)
			buf_add_char(&piece, 'x');
		buf_add_str(&piece, row->end);
		for (; state == READER_MORE && fed <= row->most;
		     fed += piece.len) {
			data = span_of_buf(&piece);
			state = reader_feed(r, &data, &e);
		}
		check_number(row->name, state, READER_FAILED);
		check_number(row->name, e.reason, REASON_TOO_LARGE);
		check(row->name, fed <= row->most);
		/* what came before is of use */
		check(row->name,
		    reply_has_ended(reader_reply(r), COLLECTOR_STATS));
		check(row->name, reply_find(reader_reply(r), REPLY_SERVER,
				     COLLECTOR_STATS, "uptime", &data));
		buf_release(&piece);
		reader_free(r);
	}
}

/* Past its lines a collector fails alone; `stats` fails for all. */
TEST(too_many_lines)
{
	struct reader *r = reader_new(keys, plan_of(USUAL), false);
	const struct reply *reply = reader_reply(r);
	enum reader_state state;
	struct buf text;
	struct error e;

	buf_init(&text, 1 << 20);
	buf_add_str(&text, UPTIME "END\r\n");
	for (unsigned i = 0; i <= COLLECTOR_ENTRIES_USUAL; i++)
		buf_add_str(&text, "STAT k 1\r\n");
	buf_add_str(&text, "END\r\nEND\r\nEND\r\n");
	(void)feed(r, span_of_buf(&text), SIZE_MAX, &state, &e);
	check_number("settings", state, READER_DONE);
	for (enum collector_id s = 0; s < COLLECTORS; s++)
		check_number(collector_name(s), reply_has_ended(reply, s),
		    s != COLLECTOR_SETTINGS && (USUAL >> s & 1) != 0);
	reader_free(r);
	r = reader_new(keys, plan_of(USUAL), false);
	(void)feed(r,
	    (struct span){ text.p + strlen(UPTIME "END\r\n"),
		text.len - strlen(UPTIME "END\r\n") },
	    SIZE_MAX, &state, &e);
	check_number("stats", state, READER_FAILED);
	check_number("stats", e.reason, REASON_TOO_LARGE);
	reader_free(r);
	buf_release(&text);
}

/* The limit is for what has no END: one that comes in time counts. */
TEST(large_but_whole)
{
	struct reader *r = reader_new(keys, plan_of(STATS), false);
	static char text[READER_BYTES_MAX];
	struct span data = { text, sizeof(text) };
	struct error e;

	memset(text, '\n', sizeof(text));
	memcpy(text, UPTIME, strlen(UPTIME));
	memcpy(text + sizeof(text) - 5, "END\r\n", 5);
	check_number("large", reader_feed(r, &data, &e), READER_DONE);
	reader_free(r);
}

#define LONG                                                                   \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                             \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* The last byte that is allowed, and the first that is not. */
TEST(bytes)
{
	struct reader *r = reader_new(keys, plan_of(STATS), false);
	static char text[READER_BYTES_MAX + 1];
	struct span data = { text, READER_BYTES_MAX };
	struct error e;

	memset(text, '\n', sizeof(text));
	check_number("all", reader_feed(r, &data, &e), READER_MORE);
	data = (struct span){ text, 1 };
	check_number("one more", reader_feed(r, &data, &e), READER_FAILED);
	check_number("one more", e.reason, REASON_TOO_LARGE);
	reader_free(r);
}

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return n <= len && strcmp(text + len - n, end) == 0;
}

TEST(broken)
{
	static const struct {
		const char *name;
		struct span input;
		enum reason cause;
		const char *reason;
		const char *text;
	} rows[] = {
		{ "nothing came", SPAN(""), REASON_CLOSED, "closed",
		    "cut; no answer to stats" },
		{ "late", SPAN(""), REASON_TIMEOUT, "timeout",
		    "cut; no answer to stats" },
		{ "in the middle", SPAN(UPTIME), REASON_CLOSED, "closed",
		    "cut; no END of stats" },
		{ "in a line", SPAN("STAT upt"), REASON_CLOSED, "closed",
		    "cut; no END of stats" },
		{ "behind stats", SPAN(UPTIME "END\r\n"), REASON_TIMEOUT,
		    "timeout", "cut; no END of settings" },
		{ "behind an ERROR",
		    SPAN(UPTIME "END\r\nERROR\r\nEND\r\n" UPTIME),
		    REASON_CLOSED, "closed", "cut; no END of items" },
		{ "garbage behind stats", SPAN(UPTIME "END\r\nfoo\r\n"),
		    REASON_CLOSED, "closed", "cut; no END of settings" },
		{ "garbage", SPAN("SSH-2.0-OpenSSH\r\n"), REASON_TIMEOUT,
		    "protocol",
		    "cut; expected STAT lines, got: SSH-2.0-OpenSSH" },
		{ "the first words of it", SPAN("\r\nfoo\r\n\r\nbar \r\n"),
		    REASON_CLOSED, "protocol",
		    "cut; expected STAT lines, got: foo bar" },
		{ "no line end", SPAN("220 my ftp server"), REASON_TIMEOUT,
		    "protocol",
		    "cut; expected STAT lines, got: 220 my ftp server" },
		{ "NUL first", SPAN("\0\0\0\x0bhello there\n"), REASON_CLOSED,
		    "protocol",
		    "cut; expected STAT lines, got: \x0b"
		    "hello there" },
		{ "MySQL", SPAN("J\0\0\0\n8.0.36\0\x0b"), REASON_CLOSED,
		    "protocol",
		    "cut; expected STAT lines, got: J 8.0.36 \x0b" },
		{ "an endless line", SPAN(LONG LONG LONG LONG), REASON_TIMEOUT,
		    "protocol", "cut; expected STAT lines, got: " LONG },
		{ "half a word", SPAN("CLIENT_"), REASON_TIMEOUT, "timeout",
		    "cut; no END of stats" },
		{ "half another word", SPAN("CLIENTS"), REASON_TIMEOUT,
		    "protocol", "cut; expected STAT lines, got: CLIENTS" },
		{ "only blanks", SPAN("\r\n \r\n"), REASON_CLOSED, "closed",
		    "cut; no END of stats" },
		{ "stray line in stats", SPAN("foo\r\n" UPTIME), REASON_CLOSED,
		    "closed", "cut; no END of stats" },
		{ "NUL", SPAN("a\0b\r\n"), REASON_CLOSED, "protocol",
		    "cut; expected STAT lines, got: a b" },
	};

	for (EACH(row, rows)) {
		struct reader *r = reader_new(keys, plan_of(USUAL), false);
		enum reader_state state;
		struct error e;
		char whole[ERROR_WHOLE_MAX];

		check(row->name, reader_is_silent(r));
		(void)feed(r, row->input, SIZE_MAX, &state, &e);
		check_number(row->name, state, READER_MORE);
		check_number(
		    row->name, reader_is_silent(r), row->input.len == 0);
		(void)error_because(&e, row->cause, "cut");
		reader_broken(r, &e);
		check_text(
		    row->name, span_of(reason_name(e.reason)), row->reason);
		check_text(
		    row->name, span_of(error_whole(&e, whole)), row->text);
		/* what the server said is apart from it */
		check(row->name, !ends_in(e.text, "got:") == !e.heard[0]);
		reader_free(r);
	}
}

/* What a server says is shown, but not at any length. */
TEST(long_sample)
{
	struct reader *r = reader_new(keys, plan_of(USUAL), false);
	static char text[5000];
	struct span data = { text, sizeof(text) };
	struct error e;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	(void)reader_feed(r, &data, &e);
	(void)error_because(&e, REASON_CLOSED, "cut");
	reader_broken(r, &e);
	check("long", strlen(e.text) < 60 && strlen(e.heard) == 80);
	reader_free(r);
	reader_free(NULL);
}

/* What an owner asks when not all commands are answered. */
TEST(missing)
{
	static const struct {
		const char *name;
		struct span input;
		unsigned missing, refused;
	} rows[] = {
		{ "nothing came", SPAN(""), USUAL, 0 },
		{ "half of stats", SPAN(UPTIME), USUAL, 0 },
		{ "stats", SPAN(UPTIME "END\r\n"), SETTINGS | SLABS | ITEMS,
		    0 },
		{ "an error", SPAN(UPTIME "END\r\nERROR\r\nSTAT a 1\r\n"),
		    SLABS | ITEMS, SETTINGS },
		{ "stats refused", SPAN("ERROR\r\n"), USUAL, STATS },
		{ "stats refused by a word", SPAN("INVALID\r\n"), USUAL,
		    STATS },
		{ "all", SPAN(UPTIME "END\r\nEND\r\nEND\r\nINVALID\r\n"), 0,
		    ITEMS },
	};

	for (EACH(row, rows)) {
		struct reader *r = reader_new(keys, plan_of(USUAL), false);
		enum reader_state state;
		struct error e;

		(void)feed(r, row->input, SIZE_MAX, &state, &e);
		check_number(row->name, reader_missing(r), row->missing);
		check_number(row->name, reader_refused(r), row->refused);
		reader_free(r);
	}
}

/* One command after the other, the last on another connection. */
TEST(alone)
{
	struct reader *r = reader_new(keys, plan_of(STATS | SETTINGS), false);
	struct span first = SPAN(UPTIME "END\r\n"), half = SPAN("STAT maxc"),
		    second = SPAN("STAT maxconns 7\r\nEND\r\n"), value;
	struct error e;

	reader_sent(r, STATS, true);
	check_number("stats", reader_feed(r, &first, &e), READER_MORE);
	reader_sent(r, SETTINGS, true);
	check_number("half", reader_feed(r, &half, &e), READER_MORE);
	reader_reopen(r);
	check_number("settings", reader_feed(r, &second, &e), READER_DONE);
	check("both", reply_has_ended(reader_reply(r), COLLECTOR_STATS));
	check("value", reply_find(reader_reply(r), REPLY_SERVER,
			   COLLECTOR_SETTINGS, "maxconns", &value));
	check_number("ignored", reply_ignored(reader_reply(r)), 0);
	reader_free(r);

	/* one line that is no answer to one command says it all */
	r = reader_new(keys, plan_of(USUAL), false);
	reader_sent(r, STATS, true);
	first = SPAN("-ERR unknown command\r\n");
	check_number("one", reader_feed(r, &first, &e), READER_FAILED);
	check_number("one", e.reason, REASON_PROTOCOL);
	reader_free(r);
}

#define R(name) cmocka_unit_test_setup_teardown(name, begin, end)
TESTS("reader", R(answers), R(in_order), R(too_large), R(too_many_lines),
    R(large_but_whole), R(bytes), R(broken), R(long_sample), R(credentials),
    R(missing), R(alone))
