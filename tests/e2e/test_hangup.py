"""A client that hangs up gives its descriptor back at once, whatever it was
doing: not when somebody looks for it."""

import contextlib
import socket
import struct
import threading

import pytest

from exporter import GET, probe
from fake import gated
from poll import eventually
from web import basic, hashed, put, secure, trusting

CLIENTS = 10
HEALTHY = GET.replace(b"/metrics", b"/-/healthy")
PAGE = GET.replace(b"/metrics", b"/page.js")

# What is sent before, and whether an answer is waited for.
STATES = {
    "connected": (b"", False),
    "idle": (HEALTHY, True),
    "reading": (GET[:-2], False),
    "working": (GET, False),
    "working, with more to do": (GET * 3, False),
    # more than is read ahead: the socket's end is behind it
    "working, with too much to do": (GET * 2000, False),
    "answering": (PAGE * 3000, True),
    "lingering": (b"?\r\n\r\n", True),
}


def fin(sock):
    sock.close()


def rst(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    sock.close()


def half(sock):
    """Nobody can tell it from the whole end."""
    sock.shutdown(socket.SHUT_WR)


@pytest.fixture(params=["plain", "TLS"])
def serving(request, exporter, fake, stack, authority, tmp_path):
    """(exporter, a function that connects to it, a control connection, its
    memcached, which does not answer before the test's end)."""
    gate = threading.Event()
    stack.callback(gate.set)
    server = fake(gated(gate))
    if request.param == "plain":
        running = exporter(server.address, timeout=60)
        control = running.connection()
        connect = running.connect
    else:
        pair = authority.issue("IP:127.0.0.1")
        running = exporter(server.address, put(tmp_path / "web.yml", {
            "tls_server_config": {"cert_file": pair.cert,
                                  "key_file": pair.key}}), timeout=60)
        tls = trusting(authority)
        control = secure(running, tls)

        def connect():
            return tls.wrap_socket(
                running.connect(), server_hostname="127.0.0.1")

    stack.enter_context(contextlib.closing(control))
    return running, connect, control, server


def settled(running, control):
    """The descriptors, after the loop has taken two requests: its turn is over
    in which it read what was sent before."""
    for _ in range(2):
        assert running.request(control, "/-/healthy").status == 200
    return running.descriptors()


@pytest.mark.parametrize("end", [fin, rst, half])
@pytest.mark.parametrize("state", STATES)
def test_descriptor(serving, stack, state, end):
    running, connect, control, server = serving
    if end is half and state == "answering":
        pytest.skip("its answers are still on the way")
    request, waits = STATES[state]
    settled(running, control)
    socks = []
    # a first one opens the connection to memcached
    first = stack.enter_context(connect())
    first.sendall(request)
    if request.startswith(GET):
        eventually(lambda: server.collections == 1)
    before = settled(running, control)
    for _ in range(CLIENTS):
        sock = stack.enter_context(connect())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(1)
        with contextlib.suppress(TimeoutError):
            sock.sendall(request)
        socks.append(sock)
        if waits:
            assert sock.recv(12).startswith(b"HTTP/1.1 ")
    assert settled(running, control) == before + CLIENTS
    for sock in socks:
        end(sock)
    # a few turns, since the kernel may take its time as well
    assert any(settled(running, control) == before for _ in range(25))


def test_password_of_a_client_that_left(exporter, fake, tmp_path):
    """Once it is checked, nobody is there to be served."""
    server = fake()
    running = exporter("", put(tmp_path / "web.yml", {
        "basic_auth_users": {"a": hashed("right", cost=10)}}))
    password = basic("a", "right")
    line = "Authorization: " + password["Authorization"]
    running.send(f"GET {probe(server.address)} HTTP/1.1\r\nHost: x\r\n"
                 f"{line}\r\n\r\n".encode()).close()
    for _ in range(2):
        assert running.get("/-/healthy", headers=password).status == 200
    assert server.collections == 0


def test_request_of_a_client_that_left(exporter, fake, stack):
    """It is not answered, but ends; the next one is served."""
    gate = threading.Event()
    stack.callback(gate.set)
    server = fake(gated(gate))
    running = exporter(server.address, timeout=30)
    with running.send(GET):
        eventually(lambda: server.collections == 1)
    running.settle()
    gate.set()
    assert running.metrics().up == 1
