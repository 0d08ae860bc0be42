#include "stats/reader_inside.h"

static int
take_refusal(struct reader *r, const struct binary_packet *p, struct error *e)
{
	r->refused |= r->plan->steps[r->at].bit;
	if (!reader_is_stats(r)) {
		reader_next_answer(r);
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
		return reader_take_end(r, e);
	r->has_stat = true;
	return reply_add(r->reply, r->collector, p->key, p->value, e);
}

/* A server without SASL does not know the request, and needs none. */
static int
take_packet(struct reader *r, const struct binary_packet *p, struct error *e)
{
	r->understood = true;
	if (p->opcode != BINARY_SASL_AUTH && reader_is_behind_stats(r))
		return reader_take_retrieved(r,
		    retrieve_packet(
			&r->retrieve, r->plan, reader_step(r), r->reply, p),
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

enum reader_state
reader_take_packets(struct reader *r, struct span *data, struct error *e)
{
	struct binary_packet packet;

	while (!reader_is_done(r)) {
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
