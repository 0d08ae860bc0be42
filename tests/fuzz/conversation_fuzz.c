/*
 * Whole conversations, by a script: requests, and a server that does what it
 * likes, through target, collection, connection, reader, reply and text.
 */
#include "conversation.h"

int
LLVMFuzzerTestOneInput(const char *data, size_t size)
{
	static struct access access_of = { .username = "u", .password = "p" };
	static struct peer peer = { .access = &access_of };
	static struct collection_env env = { .spare = on_spare };
	static struct plans *plans;
	struct span script = { data + 1, size - 1 };
	struct target *t;

	if (size == 0)
		return 0;
	if (plans == NULL) {
		plans = plans_new(3);
		env.connections.keys = keys_new();
	}
	now_us = START_US;
	waiters_len = waiters_told = 0;
	fake_cut_off = false;
	access_of.protocol = data[0] & 1 ? PROTOCOL_BINARY : PROTOCOL_ASCII;
	access_of.username = data[0] & 2 ? "u" : NULL;
	t = target_new(&env, &peer);
	while (script.len >= 2)
		part_play(&script, t, plans);
	if (data[0] & 4)
		target_stop(t);
	pass(10000000);
	assert(waiters_told == waiters_len);
	target_free(t, CLOSE_SHUTDOWN);
	assert(fake_is_clean());
	return 0;
}
