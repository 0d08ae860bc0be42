"""Limits that take minutes, on a clock that runs ahead. Just before the limit
all is as it was; just after it, it is over."""

import contextlib
import select
import socket

import pytest

from authority import Authority
from clock import Clock
from exporter import GET, probe
from exposition import Exposition
from poll import eventually
from web import put, secure, trusting

HEADER, ANSWER, IDLE = 10, 30, 600  # src/http/clients.h
TARGET_IDLE, SWEEP = 600, 30  # src/memcached/targets.[hc]
# Real time passes as well, and the exporter looks once a second.
MARGIN = 3

# A segment and a buffer so small that the kernel takes little of an answer.
SEGMENT, BUFFER = 536, 2048
CLASSES = 200
KEYS = ("chunk_size", "used_chunks", "get_hits", "cmd_set")


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def is_open(sock):
    """Nothing has come, not even the end."""
    return not select.select([sock], [], [], 0)[0]


@pytest.fixture
def witness(stack):
    """witness(running, connection) asks for that path, on a connection of its
    own; so the exporter has seen the time and all that came before."""

    def of(running, conn=None):
        conn = stack.enter_context(
            contextlib.closing(conn or running.connection()))

        def ask(path="/-/healthy"):
            # what is due runs after the first
            for _ in range(2):
                answer = running.request(conn, path)
                assert answer.status == 200
            return answer

        ask()
        return ask

    return of


def assert_limit(ask, clock, seconds, is_over):
    """is_over is false before that time, and true after it."""
    ask()
    clock.forward(seconds - 2 * MARGIN)
    ask()
    clock.forward(MARGIN)  # if it was over, its descriptor goes now
    ask()
    assert not is_over()
    clock.forward(2 * MARGIN)
    ask()
    eventually(is_over)


@pytest.mark.parametrize("sent", [
    b"", GET[:1], GET[:-1], GET + GET[:10],
], ids=["nothing", "a byte", "all but a byte", "half a second request"])
def test_header(fake, exporter, clock, witness, sent):
    """From the first byte, or the connect, to a header's end."""
    running = exporter(fake().address, env=clock.env)
    ask = witness(running)
    with running.send(sent) as sock:
        if sent.startswith(GET):
            sock.settimeout(running.timeout)
            while not sock.recv(65536).endswith(b"\n"):
                pass
        assert_limit(ask, clock, HEADER, lambda: not is_open(sock))
        assert sock.recv(1) == b""


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00"],
                         ids=["nothing", "half a hello"])
def test_handshake(exporter, clock, witness, tmp_path, sent):
    authority = Authority(tmp_path)
    pair = authority.issue("IP:127.0.0.1")
    flag = put(tmp_path / "web.yml", {
        "tls_server_config": {"cert_file": pair.cert, "key_file": pair.key}})
    running = exporter(None, flag, env=clock.env)
    ask = witness(running, secure(running, trusting(authority)))
    with running.send(sent) as sock:
        assert_limit(ask, clock, HEADER, lambda: not is_open(sock))
        assert sock.recv(1) == b""


def test_idle_client(fake, exporter, clock, witness):
    """A connection that is kept alive between two requests."""
    running = exporter(fake().address, env=clock.env)
    ask = witness(running)
    with contextlib.closing(running.connection()) as kept:
        assert running.request(kept).status == 200
        assert_limit(ask, clock, IDLE, lambda: not is_open(kept.sock))
        assert kept.sock.recv(1) == b""


def test_client_that_does_not_take_its_answer(fake, exporter, clock, witness):
    lines = "".join(f"STAT {n}:{key} 1234567\r\n"
                    for n in range(1, CLASSES) for key in KEYS)
    server = fake(answers={"stats slabs": f"{lines}END\r\n".encode()})
    running = exporter(server.address, env=clock.env)
    ask = witness(running)
    whole = len(ask("/metrics").text)
    before = running.descriptors()
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        host, _, port = running.address.rpartition(":")
        sock.connect((host, int(port)))
        sock.settimeout(running.timeout)
        sock.sendall(GET)
        eventually(lambda: server.collections == 3)
        assert_limit(ask, clock, ANSWER,
                     lambda: running.descriptors() == before)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while chunk := sock.recv(65536):
                taken += len(chunk)
        assert 0 < taken < whole


def test_idle_targets(fake, exporter, clock, witness):
    """Who is not asked is forgotten, and its connection closed."""
    running = exporter("", env=clock.env)
    ask = witness(running)
    idle, asked = fake(), fake()

    def known():
        return Exposition(ask("/metrics").text).value(
            "memcached_exporter_targets")

    ask(probe(idle.address))
    ask(probe(asked.address))
    clock.forward(TARGET_IDLE - MARGIN)
    assert known() == 2
    ask(probe(asked.address))
    clock.forward(SWEEP + MARGIN)
    assert known() == 1
    eventually(lambda: idle.connections[0].closed_by_peer)
    assert Exposition(ask("/metrics").text).value(
        "memcached_exporter_connection_closes_total", reason="idle") == 1
    ask(probe(idle.address))
    assert len(idle.connections) == 2
    assert len(asked.connections) == 1


def test_memory_of_many_targets(exporter, clock, witness):
    """It is the kernel's again when they are gone."""
    running = exporter("", env=clock.env)
    ask = witness(running)

    def names(count):
        for i in range(count):
            ask(probe(f"127.1.{i // 250}.{i % 250 + 1}:1"))
        return running.status("VmRSS")

    few, many = names(20), names(2000)
    assert many > few + 1000
    clock.forward(TARGET_IDLE + SWEEP + MARGIN)
    eventually(lambda: "\nmemcached_exporter_targets 0\n"
               in ask("/metrics").text)
    assert running.status("VmRSS") < (few + many) / 2
