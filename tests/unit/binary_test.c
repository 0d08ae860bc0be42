/* The binary protocol: what is asked, and how packets are cut. */
#include "stats/binary.h"

#include "stats/plan.h"
#include "stats/reader.h"
#include "support.h"

#define U16(n) (char)((n) >> 8 & 0xff), (char)((n)&0xff)
#define U32(n) U16((n) >> 16), U16((n)&0xffff)

/* Appends a packet as a server would send it, or a wrong one. */
struct packet {
	unsigned char magic, opcode;
	unsigned key_len, extras, status;
	size_t body, opaque;
	struct span content; /* extras, key and value, or a part of them */
};

static void
add_packet(struct buf *out, const struct packet *p)
{
	const char head[] = { (char)p->magic, (char)p->opcode, U16(p->key_len),
		(char)p->extras, 0, U16(p->status), U32(p->body),
		U32(p->opaque), 0, 0, 0, 0, 0, 0, 0, 0 };

	buf_add(out, head, sizeof(head));
	buf_add_span(out, p->content);
}

TEST(requests)
{
	static const char stats[] = "\x80\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				    "\0\0\0\0\0\0\0\0";
	static const char slabs[] = "\x80\x10\0\5\0\0\0\0\0\0\0\5\0\0\0\2"
				    "\0\0\0\0\0\0\0\0slabs";
	static const char sasl[] = { "\x80\x21\0\5\0\0\0\0\0\0\0\x0b\0\0\0" };
	static const char opaque = COLLECTORS; /* behind those of the others */
	struct buf out;

	buf_init(&out, 1000);
	binary_ask(&out, COLLECTOR_STATS);
	binary_ask(&out, COLLECTOR_SLABS);
	check_number("len", out.len, sizeof(stats) + sizeof(slabs) - 2);
	check_bytes("stats", ((struct span){ out.p, 24 }), SPAN(stats));
	check_bytes(
	    "slabs", ((struct span){ out.p + 24, out.len - 24 }), SPAN(slabs));
	out.len = 0;
	binary_authenticate(&out, "me", "pw");
	check_bytes("sasl", ((struct span){ out.p, 15 }), SPAN(sasl));
	check_number("opaque", out.p[15], opaque);
	check_bytes("cas and credentials",
	    ((struct span){ out.p + 16, out.len - 16 }),
	    SPAN("\0\0\0\0\0\0\0\0PLAIN\0me\0pw"));
	buf_release(&out);
}

static const char x[BINARY_BODY_MAX + 1];

#define STAT_OF(...)                                                           \
	{                                                                      \
		0x81, 0x10, __VA_ARGS__                                        \
	}

static const struct {
	const char *name;
	struct packet packet;
	const char *outcome;
} rows[] = {
	{ "usual", STAT_OF(3, 0, 0, 5, 7, SPAN("pid42")), "0 7 [pid][42]" },
	{ "the end", STAT_OF(0, 0, 0, 0, 1, SPAN("")), "0 1 [][]" },
	{ "an error", STAT_OF(0, 0, 0x81, 3, 1, SPAN("no!")), "129 1 [][no!]" },
	{ "no value", STAT_OF(3, 0, 0, 3, 0, SPAN("pid")), "0 0 [pid][]" },
	{ "extras", STAT_OF(3, 4, 0, 9, 0, SPAN("ABCDpid42")),
	    "0 0 [pid][42]" },
	{ "extras alone", STAT_OF(0, 4, 0, 4, 0, SPAN("ABCD")), "0 0 [][]" },
	{ "extras and key fill it", STAT_OF(3, 4, 0, 7, 0, SPAN("ABCDpid")),
	    "0 0 [pid][]" },
	{ "a key larger than the body", STAT_OF(4, 0, 0, 3, 0, SPAN("pid")),
	    "garbage" },
	{ "a key without body", STAT_OF(0xffff, 0, 0, 0, 0, SPAN("")),
	    "garbage" },
	{ "extras larger than the body", STAT_OF(0, 5, 0, 4, 0, SPAN("ABCD")),
	    "garbage" },
	{ "key and extras larger than it",
	    STAT_OF(3, 4, 0, 6, 0, SPAN("ABCDpi")), "garbage" },
	{ "a request", { 0x80, 0x10, 0, 0, 0, 0, 0, SPAN("") }, "garbage" },
	{ "text", { 'E', 'R', 0, 0, 0, 0, 0, SPAN("") }, "garbage" },
	{ "the largest body",
	    STAT_OF(3, 0, 0, BINARY_BODY_MAX, 0, { x, BINARY_BODY_MAX }),
	    "0 0 [3][8189]" },
	{ "one byte more",
	    STAT_OF(
		3, 0, 0, BINARY_BODY_MAX + 1, 0, { x, BINARY_BODY_MAX + 1 }),
	    "0 0 long" },
};

static void
describe(struct buf *out, enum binary_found found,
    const struct binary_packet *p, bool large)
{
	if (found == BINARY_GARBAGE) {
		buf_add_str(out, "garbage");
		return;
	}
	buf_printf(out, "%u %u ", (unsigned)p->status, (unsigned)p->opaque);
	if (p->is_long)
		buf_add_str(out, "long");
	else if (large)
		buf_printf(out, "[%zu][%zu]", p->key.len, p->value.len);
	else
		buf_printf(out, "[%.*s][%.*s]", (int)p->key.len, p->key.p,
		    (int)p->value.len, p->value.p);
}

/* The next packet of input, which comes in pieces of a size. */
static enum binary_found
next(struct binary_splitter *s, struct span *input, size_t size,
    struct binary_packet *p, char *piece)
{
	enum binary_found found = BINARY_NONE;

	while (found == BINARY_NONE && input->len > 0) {
		size_t n = size < input->len ? size : input->len;
		/* a copy at the end of its memory */
		struct span data = { piece + size - n, n };

		memcpy(piece + size - n, input->p, n);
		found = binary_next(s, &data, p);
		check("taken", found != BINARY_NONE || data.len == 0);
		input->p += n - data.len;
		input->len -= n - data.len;
	}
	return found;
}

/* Each packet, in pieces of any size, and a good one behind it. */
TEST(packets)
{
	static const struct packet last = STAT_OF(1, 0, 0, 2, 9, SPAN("k1"));

	for (EACH(r, rows)) {
		bool large = r->packet.body >= BINARY_BODY_MAX;
		size_t step = large ? 1000 : 1, whole;
		struct buf bytes;

		buf_init(&bytes, 1 << 20);
		add_packet(&bytes, &r->packet);
		add_packet(&bytes, &last);
		whole = bytes.len;
		for (size_t size = 1; size <= whole; size += step) {
			struct span input = span_of_buf(&bytes);
			char *piece = malloc(size);
			struct binary_splitter s;
			struct binary_packet p;
			enum binary_found found;
			struct buf out;

			binary_splitter_init(&s);
			buf_init(&out, 1000);
			found = next(&s, &input, size, &p, piece);
			describe(&out, found, &p, large);
			check_text(r->name, span_of_buf(&out), r->outcome);
			out.len = 0;
			if (found == BINARY_PACKET) {
				found = next(&s, &input, size, &p, piece);
				describe(&out, found, &p, false);
				check_text(
				    r->name, span_of_buf(&out), "0 9 [k][1]");
			}
			buf_release(&out);
			binary_splitter_release(&s);
			free(piece);
		}
		buf_release(&bytes);
	}
}

/* A packet that ends where it is cut. */
TEST(cut)
{
	static const struct packet usual =
	    STAT_OF(3, 0, 0, 5, 7, SPAN("pid42"));
	struct buf bytes;

	buf_init(&bytes, 1000);
	add_packet(&bytes, &usual);
	for (size_t len = 0; len < bytes.len; len++) {
		struct span data = { bytes.p, len };
		struct binary_splitter s;
		struct binary_packet p;

		binary_splitter_init(&s);
		check_number("cut", binary_next(&s, &data, &p), BINARY_NONE);
		check_number("cut", data.len, 0);
		binary_splitter_release(&s);
	}
	buf_release(&bytes);
}

/* What a reader of `stats` and `stats slabs` makes of packets. */
#define PID(opaque) STAT_OF(3, 0, 0, 5, opaque, SPAN("pid42"))
#define UPTIME STAT_OF(6, 0, 0, 7, COLLECTOR_STATS, SPAN("uptime7"))
#define END(opaque) STAT_OF(0, 0, 0, 0, opaque, SPAN(""))
#define REFUSED(status, opaque) STAT_OF(0, 0, status, 3, opaque, SPAN("no!"))

TEST(answers)
{
	static const struct {
		const char *name;
		struct packet packets[5];
		const char *outcome;
	} cases[] = {
		{ "both",
		    { UPTIME, END(COLLECTOR_STATS), PID(COLLECTOR_SLABS),
			END(COLLECTOR_SLABS) },
		    "done stats slabs uptime=7" },
		{ "slabs refused",
		    { UPTIME, END(COLLECTOR_STATS),
			REFUSED(4, COLLECTOR_SLABS) },
		    "done stats uptime=7 refused" },
		{ "stats refused", { REFUSED(4, COLLECTOR_STATS) },
		    "failed protocol: stats was refused, status 0x4: no!" },
		{ "not authenticated", { REFUSED(0x20, COLLECTOR_STATS) },
		    "failed auth: stats was refused, status 0x20: no!" },
		{ "empty stats", { END(COLLECTOR_STATS) },
		    "failed protocol: stats was answered without a STAT line" },
		{ "empty slabs",
		    { UPTIME, END(COLLECTOR_STATS), END(COLLECTOR_SLABS) },
		    "done stats slabs uptime=7" },
		{ "too early", { UPTIME, PID(COLLECTOR_SLABS) },
		    "failed protocol: an answer to nothing that was asked" },
		{ "too late",
		    { UPTIME, END(COLLECTOR_STATS), PID(COLLECTOR_STATS) },
		    "failed protocol: an answer to nothing that was asked"
		    " stats" },
		{ "not asked for", { UPTIME, END(COLLECTOR_SETTINGS) },
		    "failed protocol: an answer to nothing that was asked" },
		{ "another opcode", { UPTIME, { 0x81, 0x0b, .opaque = 0 } },
		    "failed protocol: an answer with opcode 0xb, which was not"
		    " asked" },
		{ "credentials taken",
		    { { 0x81, 0x21, .opaque = COLLECTORS }, UPTIME,
			END(COLLECTOR_STATS), END(COLLECTOR_SLABS) },
		    "done stats slabs uptime=7" },
		{ "credentials not known",
		    { { 0x81, 0x21, .status = 0x81, .opaque = COLLECTORS },
			UPTIME, END(COLLECTOR_STATS), END(COLLECTOR_SLABS) },
		    "done stats slabs uptime=7" },
		{ "credentials refused",
		    { { 0x81, 0x21, .status = 0x20, .opaque = COLLECTORS } },
		    "failed auth: the server refused the credentials, status"
		    " 0x20" },
		{ "garbage", { UPTIME, { 0x80, 0x10, .opaque = 0 } },
		    "failed protocol: what came is no packet of the binary"
		    " protocol" },
		{ "a long value",
		    { STAT_OF(3, 0, 0, BINARY_BODY_MAX + 1, COLLECTOR_STATS,
			  { x, BINARY_BODY_MAX + 1 }),
			UPTIME, END(COLLECTOR_STATS), END(COLLECTOR_SLABS) },
		    "done stats slabs uptime=7 ignored=1" },
		{ "a long refusal",
		    { UPTIME, END(COLLECTOR_STATS),
			STAT_OF(0, 0, 4, BINARY_BODY_MAX + 1, COLLECTOR_SLABS,
			    { x, BINARY_BODY_MAX + 1 }) },
		    "done stats uptime=7 refused" },
		{ "not yet", { UPTIME, END(COLLECTOR_STATS) },
		    "more stats uptime=7" },
	};
	struct plans *plans = plans_new(100);
	struct keys *keys = keys_new();

	for (EACH(c, cases)) {
		struct reader *r =
		    reader_new_binary(keys, plans_usual(plans, 0));
		const struct reply *reply = reader_reply(r);
		enum reader_state state;
		struct buf bytes, out;
		struct error e = { 0 };
		char whole[ERROR_WHOLE_MAX];
		struct span data;

		buf_init(&bytes, 1 << 20);
		buf_init(&out, 1000);
		for (size_t i = 0; i < nitems(c->packets); i++) {
			if (c->packets[i].magic != 0)
				add_packet(&bytes, &c->packets[i]);
		}
		data = span_of_buf(&bytes);
		state = reader_feed(r, &data, &e);
		if (state == READER_FAILED)
			buf_printf(&out, "failed %s: %s", reason_name(e.reason),
			    error_whole(&e, whole));
		else
			buf_add_str(
			    &out, state == READER_DONE ? "done" : "more");
		for (enum collector_id s = 0; s < COLLECTORS; s++) {
			if (reply_has_ended(reply, s))
				buf_printf(&out, " %s", collector_name(s));
		}
		if (state != READER_FAILED &&
		    reply_find(
			reply, REPLY_SERVER, COLLECTOR_STATS, "uptime", &data))
			buf_printf(&out, " uptime=%.*s", (int)data.len, data.p);
		if (reader_refused(r) == 1U << COLLECTOR_SLABS)
			buf_add_str(&out, " refused");
		if (reply_ignored(reply) > 0)
			buf_printf(&out, " ignored=%u",
			    (unsigned)reply_ignored(reply));
		check_text(c->name, span_of_buf(&out), c->outcome);
		buf_release(&out);
		buf_release(&bytes);
		reader_free(r);
	}
	plans_free(plans);
	keys_free(keys);
}

TESTS("binary", T(requests), T(packets), T(cut), T(answers))
