"""What clients may do to the server without anybody else noticing."""
import contextlib
import resource
import socket
import ssl
import threading

import pytest

from authority import Authority
from poll import SLOW, eventually

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
AT_ONCE = 6144  # requests; src/http/server.h
MANY = 5000


@pytest.fixture
def running(memcached, exporter):
    return exporter(memcached().address)


def test_connections_come_and_go(running):
    assert running.metrics().up == 1
    before = running.descriptors()
    for _ in range(MANY // 50):
        with contextlib.ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(running.connect())
    assert running.metrics().up == 1
    eventually(lambda: running.descriptors() <= before + 2)


def test_answer_read_byte_by_byte(running):
    """It takes its time, and nobody else's."""
    with running.connect() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.sendall(GET)
        for _ in range(50):
            assert len(sock.recv(1)) == 1
            assert running.metrics().up == 1


def test_pipelined_requests_of_many(running):
    """Each gets its answers in order, however many were sent before the
    first was read."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(running.connect()) for _ in range(20)]
        for sock in socks:
            sock.sendall(GET * 19 + GET.replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for sock in socks:
            with sock.makefile("rb") as answer:
                text = answer.read()
            assert text.count(b"HTTP/1.1 200 OK\r\n") == 20
            assert text.count(b"\nmemcached_up 1\n") == 20


def test_more_requests_than_are_served_at_once(fake, exporter, stack):
    """The last are told to come again; the others have their answers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * AT_ONCE:
        pytest.skip(f"a process may have {hard} descriptors only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    go_on = threading.Event()

    def late(conn):
        for _ in conn.commands():
            go_on.wait(60 * SLOW)
            break

    running = exporter(fake(late).address, timeout=60)
    more = 10
    with contextlib.ExitStack() as socks_stack:
        socks = []
        for _ in range(AT_ONCE + more):
            sock = socks_stack.enter_context(running.connect())
            sock.settimeout(60 * SLOW)
            sock.sendall(GET)
            socks.append(sock)
        last = socks[-1].recv(12)
        go_on.set()
        answers = [sock.recv(12) for sock in socks[:-1]] + [last]
    assert answers.count(b"HTTP/1.1 503") == more
    assert answers.count(b"HTTP/1.1 200") == AT_ONCE
    assert running.get("/-/healthy").status == 200


def test_handshakes_that_stall(memcached, exporter, tmp_path):
    """They cost a descriptor each, until their time is up."""
    authority = Authority(tmp_path)
    pair = authority.issue("DNS:localhost")
    config = tmp_path / "web.yml"
    config.write_text("tls_server_config:\n"
                      f"  cert_file: {pair.cert}\n  key_file: {pair.key}\n")
    running = exporter(memcached().address, f"--web.config.file={config}")
    context = ssl.create_default_context(cafile=authority.cert)
    with contextlib.ExitStack() as stack:
        hello = b"\x16\x03\x01\x02\x00\x01\x00"
        for _ in range(200):
            stack.enter_context(running.connect()).sendall(hello)
        with context.wrap_socket(running.connect(),
                                 server_hostname="localhost") as sock:
            sock.sendall(GET)
            assert sock.recv(12) == b"HTTP/1.1 200"
