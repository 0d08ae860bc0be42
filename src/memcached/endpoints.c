#include "memcached/endpoints.h"

#include <netinet/in.h>
#include <string.h>

#include "base/span.h"

void
endpoints_add(struct endpoints *eps, int family, const void *bytes)
{
	struct endpoint *ep;

	if (eps->len == nitems(eps->list))
		return;
	ep = &eps->list[eps->len++];
	*ep = (struct endpoint){ .sa.ss_family = (sa_family_t)family };
	if (family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ep->sa;

		ep->len = sizeof(*in6);
		memcpy(&in6->sin6_addr, bytes, sizeof(in6->sin6_addr));
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)&ep->sa;

		ep->len = sizeof(*in);
		memcpy(&in->sin_addr, bytes, sizeof(in->sin_addr));
	}
}

void
endpoints_set_port(struct endpoints *eps, uint16_t port)
{
	for (size_t i = 0; i < eps->len; i++) {
		struct sockaddr_storage *sa = &eps->list[i].sa;

		if (sa->ss_family == AF_INET6)
			((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
		else
			((struct sockaddr_in *)sa)->sin_port = htons(port);
	}
}
