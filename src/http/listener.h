/*
 * Listening sockets: opened for an address, or passed by systemd.
 */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <sys/types.h>

#include "base/address.h"
#include "base/error.h"

struct listen_socket {
	int fd; /* non-blocking; closed by what has the struct */
	struct endpoint bound;
	bool has_file; /* a unix socket's, that we have made: */
	dev_t device;
	ino_t inode;
};

/*
 * Binds and listens on all n addresses, and puts the sockets into list, which
 * has room for n; returns how many, or -1 with the address in e and none open.
 * An address that one before it includes needs no socket of its own.
 *
 * A host of "" or "::" means any address, IPv6 and IPv4, or IPv4 alone where
 * there is no IPv6; for port 0 the system chooses. The file of a unix socket
 * without a listener is replaced. mode: what its file may be used for, from its
 * first moment on; -1 for what the umask leaves. Blocks for a name's
 * look-up, and has another umask for a moment: for the start only.
 */
int listener_open_all(const struct address *addresses, size_t n, int mode,
    struct listen_socket *list, struct error *e);

/*
 * Takes a descriptor that this process was started with; -1 if it is no stream
 * socket that listens.
 */
int listener_inherit(int fd, struct listen_socket *l, struct error *e);

/* Closes it, and removes the file that was made for it, if it still is that. */
void listener_close(const struct listen_socket *l);

#endif
