#include "http/refusal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/parse.h"
#include "base/span.h"
#include "http/request.h"
#include "http/server.h"
#include "http/web.h"

/* By the status that evhttp chose; the first is for all others. */
static const struct {
	uint64_t code;
	const char *sentence;
} refusals[] = {
	{ 400, "This is no HTTP request that could be understood." },
	{ 413, REFUSAL_BODY },
	{ 417, "Nothing can be expected here: a request has no body." },
	{ 431, "The header is too long: 16 KiB are allowed." },
};
_Static_assert(SERVER_HEADER_MAX == 16 << 10, "as the sentence says");

/* Of "HTTP/1.1 400 Bad Request"; 0 when it is no such line. */
static uint64_t
status_of(struct evbuffer *out)
{
	static const char version[] = "HTTP/1.1 ";
	char line[sizeof(version) - 1 + 3];
	uint64_t code;

	if (evbuffer_copyout(out, line, sizeof(line)) != sizeof(line) ||
	    strncmp(line, "HTTP/1.", strlen("HTTP/1.")) != 0 ||
	    parse_u64((struct span){ line + strlen(version), 3 }, &code) < 0)
		return 0;
	return code;
}

static bool
is_whole(struct evbuffer *out)
{
	static const char end[] = "</HTML>\n";
	char last[sizeof(end) - 1];
	size_t len = evbuffer_get_length(out);
	struct evbuffer_ptr at;

	return len >= sizeof(last) &&
	       evbuffer_ptr_set(
		   out, &at, len - sizeof(last), EVBUFFER_PTR_SET) == 0 &&
	       evbuffer_copyout_from(out, &at, last, sizeof(last)) ==
		   (ssize_t)sizeof(last) &&
	       memcmp(last, end, sizeof(last)) == 0;
}

static void
add_header(const char *name, const char *value, void *arg)
{
	/* there already, and it has no other value */
	if (strcmp(name, "X-Content-Type-Options") != 0)
		(void)evbuffer_add_printf(arg, "%s: %s\r\n", name, value);
}

int
refusal_rewrite(
    struct evbuffer *out, const struct web *web, bool header_too_long)
{
	uint64_t code;
	size_t i = nitems(refusals) - 1;
	int said;

	/* where a bufferevent has closed this end, it opens it for itself */
	(void)evbuffer_unfreeze(out, 1);
	code = status_of(out);
	if (code < 400 || !is_whole(out))
		return 0;
	if (code == 400 && header_too_long)
		code = 431;
	while (i > 0 && refusals[i].code != code)
		i--;
	said = (int)refusals[i].code;
	(void)evbuffer_drain(out, evbuffer_get_length(out));
	(void)evbuffer_add_printf(out,
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Content-Length: %zu\r\n"
	    "Connection: close\r\n",
	    said, request_status_phrase(said),
	    strlen(refusals[i].sentence) + 1);
	web_each_header(web, add_header, out);
	(void)evbuffer_add_printf(out, "\r\n%s\n", refusals[i].sentence);
	return said;
}
