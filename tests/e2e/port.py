"""Ports that no test takes from another that runs at the same time."""

import socket


def reserve(host="127.0.0.1", port=0):
    """A socket bound to this port, or to a free one, and the number. As long
    as the socket is open, the kernel gives the port to nobody who wants just
    any; who names it and sets SO_REUSEADDR, as servers do, may listen there,
    end and come back."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock, sock.getsockname()[1]
