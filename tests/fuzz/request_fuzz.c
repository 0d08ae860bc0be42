/*
 * All that a client sends over one connection, in pieces, through the head,
 * the server's limits and routes, the query and the negotiation to the answer.
 */
#include "exchange.h"

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	static struct server *server;
	struct evbuffer *input = evbuffer_new();
	struct span in = { data + 2, size - 2 }, piece;
	bool goes_on = true;

	if (server == NULL)
		server = new_server();
	client.happening = size > 2 ? (unsigned char)data[0] : 0;
	while (size > 2 && goes_on && in.len > 0) {
		size_t step = 1 + (size_t)(unsigned char)data[1] * 4;
		char *copy = fuzz_cut(&in, step, &piece);

		(void)evbuffer_add(input, piece.p, piece.len);
		free(copy);
		while ((goes_on = exchange(input)))
			;
		goes_on = client.fault == HEAD_PARTIAL;
	}
	inbox_clear(&client.inbox);
	evbuffer_free(input);
	assert(server_unsent(server) == 0);
	return 0;
}
