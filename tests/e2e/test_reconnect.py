"""What becomes of a connection that has been used."""

import threading
import time

import pytest

from daemons import assert_restarts
from exporter import GET, receive
from exposition import Exposition
from fake import MINIMAL, close, hang, once_then, reset, serve
from poll import SLOW, eventually


HEADER = "X-Prometheus-Scrape-Timeout-Seconds"


def connects(metrics):
    return metrics.value("memcached_exporter_connects_total")


def test_memcached_restarted(memcached, exporter):
    server = memcached()
    assert_restarts(server, exporter(server.address))


@pytest.mark.parametrize("fault", [close, reset])
def test_closed_while_idle(fake, exporter, fault):
    server = fake(once_then(fault))
    running = exporter(server.address)
    assert connects(running.metrics()) == 1
    eventually(lambda: server.connections[0].sock.fileno() < 0)
    metrics = running.metrics()
    assert (metrics.up, connects(metrics)) == (1, 2)


def when_asked(fault):
    """A fault that waits for the next command."""

    def script(conn):
        next(conn.commands())
        fault(conn)

    return script


@pytest.mark.parametrize("fault", [close, reset])
def test_closed_when_asked(fake, exporter, fault):
    server = fake(once_then(when_asked(fault)))
    running = exporter(server.address)
    assert running.metrics().up == 1
    metrics = running.metrics()
    assert (metrics.up, connects(metrics)) == (1, 2)
    assert running.metrics().up == 1
    assert len(server.connections) == 2


def test_closed_again_when_asked(fake, exporter):
    """One reconnect and one for `stats` alone, not one after the other."""
    server = fake(once_then(when_asked(close), then=when_asked(close)))
    running = exporter(server.address)
    assert running.metrics().up == 1
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "closed")
    assert len(server.connections) == 3


def test_closed_after_its_first_byte(fake, exporter):
    """Part of an answer is a failure, no reason to ask again."""

    def half(conn):
        next(conn.commands())
        conn.send(b"STAT")

    server = fake(once_then(half))
    running = exporter(server.address)
    assert running.metrics().up == 1
    assert running.metrics().reason == "closed"
    assert len(server.connections) == 1
    assert running.metrics().up == 1


def test_silent_while_others_answer(fake, exporter):
    server = fake(once_then(hang))
    running = exporter(server.address, timeout=2)
    assert running.metrics().up == 1
    metrics = running.metrics()
    assert (metrics.up, connects(metrics)) == (1, 2)
    duration = metrics.value("memcached_scrape_duration_seconds")
    assert 0.3 < duration < 1.5 * SLOW
    for _ in range(3):
        assert running.metrics().up == 1
    assert len(server.connections) == 2


@pytest.mark.parametrize("first", [1, 2], ids=["asks", "waits"])
def test_silent_for_one_with_less_time(fake, exporter, first):
    """A second connection comes early enough for it, whether it comes while
    the silent one is being asked or waits with one that has more time."""
    gate = threading.Event()

    def script(conn):
        conn.collection()
        if first == 2:
            next(conn.commands())
            gate.wait()
            for command in MINIMAL:
                conn.answer(command)
        hang(conn)

    server = fake(lambda conn: (script if conn.number == 1 else serve)(conn))
    running = exporter(server.address, timeout=20)
    assert running.metrics().up == 1
    socks = []
    for _ in range(first):
        socks.append(running.send())
        eventually(lambda: server.collections == 2)
    request = GET[:-2] + f"{HEADER}: {2 * SLOW:g}\r\n\r\n".encode()
    socks.append(running.send(request))
    running.settle()
    gate.set()
    for sock in reversed(socks):
        assert Exposition(receive(sock).text).up == 1
    assert len(server.connections) == 2


def test_slow_answer_beats_a_silent_second(fake, exporter):
    """The first whole answer counts, of whichever connection."""
    def late(conn):
        next(commands := conn.commands())
        eventually(lambda: len(conn.server.connections) == 2)
        conn.answer("stats")
        for _ in range(3):
            conn.answer(next(commands))
        hang(conn)

    server = fake(once_then(late, then=hang))
    running = exporter(server.address, timeout=4)
    assert running.metrics().up == 1
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_scrape_duration_seconds") < 3 * SLOW


def test_silent_and_nobody_listens(fake, exporter):
    server = fake(once_then(hang))
    running = exporter(server.address, timeout=2)
    assert running.metrics().up == 1
    server.refuse()
    start = time.monotonic()
    metrics = running.metrics()
    assert (metrics.up, metrics.reason) == (0, "refused")
    assert time.monotonic() - start < 1.5 * SLOW


def test_late_answer_is_not_taken(fake, exporter):
    """Nor for that to the next question."""

    def late(conn):
        commands = conn.commands()
        next(commands)
        eventually(lambda: len(conn.server.connections) == 2)
        conn.send(b"STAT curr_items 666\r\nEND\r\n")
        hang(conn)

    server = fake(lambda conn: (
        late if conn.number == 1 else once_then(hang))(conn))
    running = exporter(server.address, timeout=0.3)
    assert running.metrics().reason == "timeout"
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_current_items") == 7
