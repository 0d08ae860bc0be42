#include "http/hello.h"

#include <sys/socket.h>

#include <ctype.h>
#include <errno.h>

#include "base/address.h"
#include "base/log.h"

static void
log_http(int fd)
{
	struct endpoint peer = { .len = sizeof(peer.sa) };
	char text[ADDRESS_TEXT_MAX] = "?";

	if (!log_has(LEVEL_DEBUG))
		return;
	if (getpeername(fd, (struct sockaddr *)&peer.sa, &peer.len) == 0)
		endpoint_text(&peer, text);
	log_debug("TLS handshake failed", "client", text, "err",
	    "http request: the client does not use TLS");
}

enum hello
hello_of(int fd)
{
	unsigned char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return HELLO_NONE;
	if (n <= 0)
		return HELLO_END;
	if (!isalpha(byte))
		return HELLO_TLS;
	log_http(fd);
	return HELLO_HTTP;
}
