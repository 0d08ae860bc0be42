#include "http/origin.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/vm_sockets.h>

uint64_t
origin_of(int fd)
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_vm vm;
	} sa = { 0 };
	const uint8_t *bytes = sa.in6.sin6_addr.s6_addr;
	socklen_t len = sizeof(sa);
	uint64_t network = 0;
	uint32_t host;

	(void)getpeername(fd, (struct sockaddr *)&sa, &len);
	switch (sa.any.ss_family) {
	case AF_INET:
		return sa.in.sin_addr.s_addr;
	case AF_INET6:
		memcpy(&network, bytes, sizeof(network));
		memcpy(&host, bytes + 12, sizeof(host));
		return IN6_IS_ADDR_V4MAPPED(&sa.in6.sin6_addr) ? host : network;
	case AF_VSOCK:
		return sa.vm.svm_cid;
	default:
		return 0;
	}
}
