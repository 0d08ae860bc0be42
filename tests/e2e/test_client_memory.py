"""What a client costs before anybody knows who it is."""

import pytest

from authority import Authority
from exporter import GET
from poll import SLOW
from web import basic, hashed, put, trusting

CLIENTS = 100
KIB = 64  # at most, for each

LINE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
REQUESTS = {
    "nothing": b"",
    "idle": GET.replace(b"/metrics", b"/nothing"),
    "one long line": LINE + b"X: " + b"x" * 16000,
    "short lines": LINE + b"a:\n" * 5000,
    "32 kB of short lines": LINE + b"a:b\r\n" * 6400,
    "a long path": b"GET /" + b"x" * 16000,
    "a long path of %": b"GET /" + b"%41" * 5000 + b" HTTP/1.1\r\nHost: x\r\n",
    "many parameters":
        b"GET /metrics?" + b"a&" * 8000 + b" HTTP/1.1\r\nHost: x\r\n",
    "a wrong password":
        LINE + b"Authorization: Basic " + b"A" * 15000 + b"\r\n\r\n",
    "pipelined": GET * 2000,
    "pipelined, unread": GET.replace(b"/metrics", b"/page.js") * 2000,
}


def anonymous_kib(running):
    with open(f"/proc/{running.pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("Anonymous:"))


@pytest.mark.skipif(SLOW > 1, reason="a sanitizer keeps memory of its own")
@pytest.mark.parametrize("kind", ["plain", "TLS"])
@pytest.mark.parametrize("request_of", REQUESTS)
def test_memory(exporter, stack, tmp_path, kind, request_of):
    authority = Authority(tmp_path)
    pair = authority.issue("IP:127.0.0.1")
    config = {"basic_auth_users": {"a": hashed("right")}}
    if kind == "TLS":
        config["tls_server_config"] = {
            "cert_file": pair.cert, "key_file": pair.key}
    running = exporter("", put(tmp_path / "web.yml", config))
    tls = trusting(authority)

    def connect():
        sock = stack.enter_context(running.connect())
        if kind == "TLS":
            sock = stack.enter_context(
                tls.wrap_socket(sock, server_hostname="127.0.0.1"))
        sock.setblocking(False)
        return sock

    def send(sock):
        try:
            sock.sendall(REQUESTS[request_of])
        except (BlockingIOError, OSError):
            pass  # as much as fits, or as it wants
        return sock

    def settle():
        with connect() as sock:
            sock.settimeout(running.timeout)
            sock.sendall(GET)
            assert sock.recv(12) == b"HTTP/1.1 401"

    send(connect())
    settle()
    before = anonymous_kib(running)
    for _ in range(CLIENTS):
        send(connect())
    settle()
    assert anonymous_kib(running) - before <= CLIENTS * KIB
