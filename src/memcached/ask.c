#include "memcached/ask.h"

#include "base/buf.h"
#include "memcached/peer.h"
#include "stats/binary.h"
#include "stats/reader.h"

struct reader *
ask_reader(
    const struct ask *ask, const struct access *access, const struct keys *keys)
{
	struct reader *r =
	    access->protocol == PROTOCOL_BINARY
		? reader_new_binary(keys, ask->sections)
		: reader_new(keys, ask->sections, access->username != NULL);

	reader_skip(r, ask->refused);
	return r;
}

unsigned
ask_next(const struct ask *ask, unsigned missing)
{
	return ask->one_by_one ? missing & -missing : missing;
}

void
ask_commands(struct buf *out, const struct access *access, unsigned sections,
    bool is_new)
{
	if (access->protocol == PROTOCOL_BINARY) {
		if (is_new && access->username != NULL)
			binary_authenticate(
			    out, access->username, access->password);
		binary_ask(out, sections);
		return;
	}
	for (unsigned s = 0; s < SECTIONS; s++) {
		if (sections & (1U << s))
			buf_add_str(out, section_command((enum section)s));
	}
}

void
ask_credentials(struct buf *out, const struct access *access)
{
	buf_printf(out, "set auth 0 0 %zu\r\n%s %s\r\n",
	    strlen(access->username) + 1 + strlen(access->password),
	    access->username, access->password);
}
