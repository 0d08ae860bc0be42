"""The habits of MySQL's InnoDB memcached plugin."""

import threading
import time

import pytest

from fake import MINIMAL, hang, once_then, reset, serve
from poll import SLOW, eventually


def pinned(gate):
    """The first connection hangs on a worker that waits for a row lock, and
    answers all that it was asked when that is there."""

    def script(conn):
        commands = conn.commands()
        if conn.number == 1:
            conn.answer(next(commands))
            for _ in range(3):
                conn.answer(next(commands))
            gate.wait()
        for command in commands:
            conn.answer(command)

    return script


def test_pinned_to_a_stalled_worker(fake, exporter):
    gate = threading.Event()
    server = fake(pinned(gate))
    server.answers["stats"] = lambda: (
        f"STAT curr_items {server.collections}\r\nEND\r\n".encode())
    running = exporter(server.address, timeout=2)
    for count in (1, 2, 3):
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.value("memcached_current_items") == count
        assert metrics.value("memcached_scrape_duration_seconds") < 1.5 * SLOW
    # It never hears of what the stalled one says at last.
    gate.set()
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.value("memcached_current_items") > count
    assert len(server.connections) == 2


def test_uninstalled_and_back(fake, exporter):
    """Old connections say nothing ever after, and new ones are refused."""
    server = fake(once_then(hang))
    running = exporter(server.address, timeout=4)
    assert running.metrics().up == 1
    server.refuse()
    for limit in (2, 1):
        start = time.monotonic()
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, "refused")
        assert time.monotonic() - start < limit * SLOW
    back = fake(port=server.port)
    assert running.metrics().up == 1
    assert len(back.connections) == 1


def test_reset_when_full(fake, exporter):
    """RST for those past maxconns; the others go on."""
    server = fake(lambda conn: (serve if conn.number == 1 else reset)(conn))
    first, second = exporter(server.address), exporter(server.address)
    assert first.metrics().up == 1
    for _ in range(3):
        metrics = second.metrics()
        assert (metrics.up, metrics.reason) == (0, "closed")
    assert first.metrics().up == 1
    server.script = serve
    assert second.metrics().up == 1


def test_silent_and_full(fake, exporter):
    """No second connection to be had: the first one may still answer."""
    gate = threading.Event()

    def script(conn):
        if conn.number > 1:
            gate.set()
            conn.reset()
            return
        conn.collection()
        commands = conn.commands()
        for command in commands:
            gate.wait()
            conn.answer(command)

    server = fake(script)
    running = exporter(server.address, timeout=4)
    for _ in range(2):
        assert running.metrics().up == 1
    assert len(server.connections) == 2


@pytest.mark.parametrize("line, value", [
    (b"rejected_conns 3", 3),
    (b"rejected_connections 4", 4),
    (b"rejected_conns 3\r\nSTAT rejected_connections 4", 4),
])
def test_rejected(fake, exporter, line, value):
    answers = {"stats": b"STAT %s\r\nEND\r\n" % line}
    metrics = exporter(fake(answers=answers).address).metrics()
    assert metrics.value("memcached_connections_rejected_total") == value


def test_unknown_sub_commands(fake, exporter):
    """ERROR to each, and nothing else lost; the connection stays."""
    known = {"stats", "stats slabs", "stats items"}
    answers = dict.fromkeys(set(MINIMAL) - known, b"ERROR\r\n")
    server = fake(answers=answers)
    running = exporter(server.address, "--collector.scrub")
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.ignored) == (1, 0)
        assert {n for n, ok in metrics.success.items() if not ok} == {
            "settings", "scrub"}
    assert len(server.connections) == 1


def test_key_without_a_value(fake, exporter):
    answers = {
        "stats": b"STAT curr_items 7\r\nSTAT engine\r\nSTAT threads \r\n"
        b"STAT cmd_get 5\r\nEND\r\n",
        "stats settings": b"STAT inter\r\nSTAT domain_socket \r\n"
        b"STAT maxconns 9\r\nEND\r\n",
    }
    metrics = exporter(fake(answers=answers).address).metrics()
    assert metrics.up == 1 and all(metrics.success.values())
    assert metrics.value("memcached_current_items") == 7
    assert metrics.value("memcached_max_connections") == 9
    assert "memcached_threads" not in metrics


def test_counters_that_go_back(fake, exporter):
    """After "stats reset" they say what the server says."""
    server = fake()
    running = exporter(server.address)
    for count in (0, 1000, 3, 0):
        server.answers["stats"] = (
            b"STAT total_items %d\r\nSTAT bytes_read %d\r\nEND\r\n"
            % (count, count))
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.value("memcached_items_total") == count
        assert metrics.value("memcached_read_bytes_total") == count
