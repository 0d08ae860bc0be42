#include "http/code.h"

#include "base/span.h"

static const struct {
	int code;
	const char *phrase;
} codes[] = {
	{ 200, "OK" }, { 307, "Temporary Redirect" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 413, "Content Too Large" },
	{ 417, "Expectation Failed" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 503, "Service Unavailable" },
	{ 500, "Internal Server Error" }, /* and whatever is not here */
};
_Static_assert(nitems(codes) == CODES, "a place for each");

size_t
code_index(int code)
{
	size_t i = 0;

	while (i < nitems(codes) - 1 && codes[i].code != code)
		i++;
	return i;
}

int
code_at(size_t index)
{
	return codes[index].code;
}

const char *
code_phrase(size_t index)
{
	return codes[index].phrase;
}
