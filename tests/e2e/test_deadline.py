"""One deadline for a scrape, and one collection for many scrapes."""

import threading
import time

import pytest

from exporter import receive
from exposition import Exposition
from fake import drip, gated, hang
from poll import SLOW, eventually

HEADER = "X-Prometheus-Scrape-Timeout-Seconds"


@pytest.mark.parametrize("script", [hang, drip])
@pytest.mark.parametrize("timeout, header, least", [
    (0.3, None, 0.25),
    (10, "0.5", 0.4),
    (0.3, "30", 0.25),
    (0.3, "soon", 0.25),
    (0.3, "nan", 0.25),
    (0.3, "-1", 0.25),
    (0.3, "", 0.25),
    pytest.param(0.3, "9" * 400, 0.25, id="huge"),
])
def test_deadline(fake, exporter, script, timeout, header, least):
    running = exporter(fake(script).address, timeout=timeout)
    headers = {} if header is None else {HEADER: header}
    start = time.monotonic()
    metrics = running.metrics(headers=headers)
    took = time.monotonic() - start
    assert (metrics.up, metrics.reason) == (0, "timeout")
    least *= SLOW if header != "0.5" else 1
    assert least <= took < 1.5 * SLOW
    duration = metrics.value("memcached_scrape_duration_seconds")
    assert least - 0.01 <= duration <= took


def test_duration_of_a_good_scrape(fake, exporter):
    metrics = exporter(fake().address).metrics()
    assert 0 < metrics.value("memcached_scrape_duration_seconds") < SLOW


def test_group_commit(fake, exporter):
    """Scrapes that come while a collection is under way share the next."""
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=10)
    socks = [running.send()]
    eventually(lambda: server.collections == 1)
    socks += [running.send() for _ in range(20)]
    running.settle()
    gate.set()
    for answer in map(receive, socks):
        assert answer.status == 200
        assert Exposition(answer.text).up == 1
    assert server.collections == 2
    assert len(server.connections) == 1


def test_no_data_from_before_the_request(fake, exporter):
    gate = threading.Event()
    server = fake(gated(gate))
    server.answers["stats"] = lambda: (
        f"STAT curr_items {server.collections}\r\nEND\r\n".encode())
    running = exporter(server.address, timeout=10)
    first = running.send()
    eventually(lambda: server.collections == 1)
    second = running.send()
    running.settle()
    gate.set()
    for count, sock in enumerate((first, second), start=1):
        metrics = Exposition(receive(sock).text)
        assert metrics.value("memcached_current_items") == count


def test_waiter_is_told_what_kept_it(fake, exporter, etc, nameserver):
    """Its own collection begins just before its deadline, with a look-up."""
    server = fake(hang)
    names = nameserver({"cache.example": ["127.0.0.1"]})
    running = exporter(f"cache.example:{server.port}",
                       prefix=etc(resolv_conf=names.resolv_conf))
    socks = [running.send()]
    eventually(lambda: server.collections == 1)
    names.zone["cache.example"] = None
    socks += [running.send() for _ in range(2)]
    reasons = [Exposition(receive(sock).text).reason for sock in socks]
    assert reasons == ["timeout"] * 3


def test_waiting_for_the_next_collection_has_a_deadline(fake, exporter):
    """A scrape that waits behind a hung collection ends at its own time."""
    server = fake(hang)
    running = exporter(server.address, timeout=3)
    running.send()
    eventually(lambda: server.collections == 1)
    start = time.monotonic()
    metrics = running.metrics(headers={HEADER: "0.3"})
    assert (metrics.up, metrics.reason) == (0, "timeout")
    assert time.monotonic() - start < 1.5 * SLOW
