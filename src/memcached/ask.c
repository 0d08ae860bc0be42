#include "memcached/ask.h"

#include "base/buf.h"
#include "memcached/peer.h"
#include "stats/binary.h"
#include "stats/plan.h"
#include "stats/reader.h"

struct reader *
ask_reader(
    const struct ask *ask, const struct access *access, const struct keys *keys)
{
	struct reader *r =
	    access->protocol == PROTOCOL_BINARY
		? reader_new_binary(keys, ask->plan)
		: reader_new(keys, ask->plan, access->username != NULL);

	reader_skip(r, ask->refused);
	return r;
}

unsigned
ask_next(const struct ask *ask, unsigned missing)
{
	unsigned together = ask->one_by_one ? 0 : missing & ~STEPS_ALONE;

	return together != 0 ? together : missing & -missing;
}

void
ask_commands(struct buf *out, const struct ask *ask,
    const struct access *access, unsigned steps, size_t get, bool is_new)
{
	const struct plan *plan = ask->plan;
	bool binary = access->protocol == PROTOCOL_BINARY;

	if (binary && is_new && access->username != NULL)
		binary_authenticate(out, access->username, access->password);
	for (size_t i = 0; i < plan->len; i++) {
		const struct step *step = &plan->steps[i];

		if ((steps & step->bit) == 0)
			continue;
		if (step->kind == STEP_GETS && ask->one_by_one)
			buf_add_span(out, plan->gets->list[get].command);
		else
			buf_add_span(out, binary ? step->packet : step->text);
	}
}

void
ask_credentials(struct buf *out, const struct access *access)
{
	buf_printf(out, "set auth 0 0 %zu\r\n%s %s\r\n",
	    strlen(access->username) + 1 + strlen(access->password),
	    access->username, access->password);
}
