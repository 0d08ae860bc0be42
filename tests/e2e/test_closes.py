"""Nothing closes without a reason: it is counted, and told in the log."""

import re

import pytest

from fake import MINIMAL, close, hang, once_then, reset, saying, serve
from poll import eventually

CLOSES = "memcached_exporter_connection_closes_total"
REASONS = ["server", "unasked", "bad_answer", "timeout", "hedge", "idle",
           "limit", "descriptors", "reload", "shutdown"]
LINE = re.compile(r'level=DEBUG .*msg="Connection closed" target=(\S+) '
                  r"reason=(\S+) age_seconds=(\d+\.\d{3})$")


def closes(metrics):
    """The reasons that were counted, and how often."""
    counts = {reason: metrics.value(CLOSES, reason=reason)
              for reason in REASONS}
    assert [labels["reason"] for labels in metrics.labels(CLOSES)] == REASONS
    return {reason: count for reason, count in counts.items() if count}


def told(running):
    """(target, reason) of the lines in the log."""
    found = [match for match in map(LINE.search, running.log()) if match]
    assert all(float(match[3]) < 60 for match in found)
    return [match.group(1, 2) for match in found]


def test_all_reasons_are_there_from_the_start(exporter):
    assert not closes(exporter("").metrics())


def unasked(conn):
    conn.send(b"STAT curr_items 666\r\nEND\r\n")
    hang(conn)


def more_than_was_asked(conn):
    commands = conn.commands()
    for command in MINIMAL:
        next(commands)
        conn.server.answers["stats items"] = b"END\r\nEND\r\n"
        conn.answer(command)
    hang(conn)


def when_asked(conn):
    next(conn.commands())
    close(conn)


@pytest.mark.parametrize("script, reason", [
    pytest.param(once_then(close), "server", id="closed at rest"),
    pytest.param(once_then(reset), "server", id="reset at rest"),
    pytest.param(once_then(when_asked), "server", id="closed when asked"),
    pytest.param(once_then(unasked), "unasked", id="speaks at rest"),
    pytest.param(more_than_was_asked, "unasked", id="speaks on"),
    pytest.param(saying(b"SERVER_ERROR busy\r\n"), "bad_answer", id="error"),
    pytest.param(saying(b"STAT a 1\r\n" + b"x" * (5 << 20)), "bad_answer",
                 id="too large"),
])
def test_reason(fake, exporter, script, reason):
    server = fake(script)
    running = exporter("", "--log.level=debug")
    eventually(lambda: closes(running.metrics()) or not running.scrape(
        server.address))
    assert closes(running.metrics()) == {reason: 1}
    assert eventually(lambda: told(running)) == [(server.address, reason)]


def test_one_that_never_opened_is_not_closed(exporter, dead):
    running = exporter("", "--log.level=debug")
    assert running.scrape(dead).reason == "refused"
    assert not closes(running.metrics())
    assert not told(running)


def test_each_that_was_opened_is_open_or_was_closed(fake, exporter):
    running = exporter("", "--log.level=debug")
    servers = [fake(script) for script in (
        serve, once_then(close), once_then(reset), when_asked,
        saying(b"ERROR\r\n"))]
    for _ in range(3):
        for server in servers:
            running.scrape(server.address)
    metrics = running.metrics()
    opened = metrics.value("memcached_exporter_connects_total")
    assert opened == sum(len(server.connections) for server in servers)
    eventually(lambda: sum(
        1 for server in servers for conn in server.connections
        if conn.sock.fileno() >= 0 and not conn.closed_by_peer)
        == opened - sum(closes(running.metrics()).values()))
    running.stop()
    assert len(told(running)) == opened
    assert (servers[0].address, "shutdown") in told(running)
