"""A server whose threads stall (the InnoDB plugin's wait for locks) keeps its
end of each connection that the exporter gives up: so it gives up few, and is
back at once when the stall ends."""

import signal
import threading

import pytest

from clock import Clock
from exporter import receive
from exposition import Exposition
from fake import close, gated, hang, serve
from poll import eventually

CLOSES = "memcached_exporter_connection_closes_total"
# src/memcached/links.h
BACKOFF = 5


def open_ends(server):
    """The connections that the exporter has not closed."""
    return sum(not conn.closed_by_peer and conn.sock.fileno() >= 0
               for conn in server.connections)


def test_all_threads_stalled(fake, exporter):
    """Two connections are open, however often it is asked."""
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=0.3)
    for _ in range(4):
        assert running.metrics().reason == "timeout"
    assert len(server.connections) == 2
    gate.set()
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_exporter_connects_total") == 2
    eventually(lambda: open_ends(server) == 1)
    for _ in range(3):
        assert running.metrics().up == 1
    assert len(server.connections) == 2


def test_scrapes_that_wait_get_the_first_answer_after_it(fake, exporter):
    """Not at the next try, nor what was asked for before they came."""
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=0.3)
    for _ in range(2):
        assert running.metrics().reason == "timeout"
    server.answers["stats"] = lambda: (
        f"STAT curr_items {server.collections}\r\nEND\r\n".encode())
    sock = running.send()
    running.settle()
    gate.set()
    metrics = Exposition(receive(sock).text)
    assert metrics.up == 1
    # the second connection may have been asked as well, and be faster
    assert metrics.value("memcached_current_items") in (3, 4)


def test_another_try_comes_after_a_while(fake, exporter, tmp_path):
    """The older of two gives way, and each time it takes twice as long."""
    clock = Clock(tmp_path)
    server = fake(hang)
    running = exporter(server.address, timeout=0.3, env=clock.env)

    def tries(seconds):
        clock.forward(seconds)
        metrics = running.metrics()
        assert metrics.reason == "timeout"
        running.settle()
        return metrics.value("memcached_exporter_connects_total")

    assert [tries(0), tries(0), tries(0)] == [1, 2, 2]
    assert [tries(BACKOFF), tries(BACKOFF)] == [3, 3]
    assert [tries(BACKOFF + 1), tries(2 * BACKOFF)] == [4, 4]
    assert open_ends(server) == 2
    assert running.metrics().value(CLOSES, reason="timeout") == 2
    server.script = serve
    clock.forward(2 * BACKOFF + 1)
    assert running.metrics().up == 1
    assert len(server.connections) == 5


def test_one_thread_after_the_other(fake, exporter):
    """While new connections are answered they may be made: up all along."""

    def script(conn):
        conn.collection()
        hang(conn)

    server = fake(script)
    running = exporter(server.address, timeout=1)
    for count in range(1, 6):
        assert running.metrics().up == 1
        assert len(server.connections) == count
        eventually(lambda: open_ends(server) <= 2)


def test_slower_than_the_deadline(fake, exporter):
    """The late answer is read, and then the connection is used again."""
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=0.3)
    assert running.metrics().reason == "timeout"
    gate.set()
    eventually(lambda: server.commands.count("stats items") == 1)
    running.settle()
    assert running.metrics().up == 1
    assert len(server.connections) == 1


@pytest.mark.parametrize("then", [close, serve])
def test_stall_that_ends_with_a_restart(fake, exporter, then):
    """A late connection that the server closes makes room."""
    gate = threading.Event()

    def stalled(conn):
        next(conn.commands())
        gate.wait()

    server = fake(stalled)
    running = exporter(server.address, timeout=0.3)
    for _ in range(3):
        assert running.metrics().reason == "timeout"
    server.script = then
    sock = running.send()
    running.settle()
    gate.set()
    metrics = Exposition(receive(sock).text)
    if then is serve:
        assert metrics.up == 1
    else:
        assert metrics.reason == "closed"


@pytest.mark.parametrize("flags", [
    ["--memcached.tls.enable"],
    ["--memcached.protocol=binary"],
], ids=["in the TLS handshake", "binary"])
def test_other_protocols(fake, exporter, flags):
    server = fake(hang)
    running = exporter(server.address, *flags, timeout=0.3)
    for _ in range(4):
        assert running.metrics().reason == "timeout"
    assert len(server.connections) == 2


def test_real_memcached_that_is_stopped(memcached, exporter):
    """Its kernel accepts all the same. Its last words count the connections:
    the exporter's, and none that was abandoned."""
    server = memcached()
    running = exporter(server.address, timeout=0.3)
    assert running.metrics().up == 1
    server.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(4):
            assert running.metrics().reason == "timeout"
    finally:
        server.process.send_signal(signal.SIGCONT)
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_exporter_connects_total") == 2
    eventually(lambda: running.metrics().value(
        "memcached_connections_total") <= 4)  # one was to see it listen
