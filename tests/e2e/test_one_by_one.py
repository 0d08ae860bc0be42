"""Servers that cannot take several commands in one write: they are up in the
same scrape, and from the second one on without delay, over one connection."""

import socket
import threading

import pytest

from fake import MINIMAL, close, hang, serve
from poll import SLOW, eventually

ALL = {"stats", "settings", "slabs", "items"}
REFUSING = {command: b"ERROR\r\n" for command in MINIMAL if command != "stats"}
DURATION = "memcached_scrape_duration_seconds"


def read(conn):
    """The commands of one read, and whether there is more to come."""
    chunk = conn.sock.recv(65536)
    conn.closed_by_peer = not chunk
    conn.server.reads.append(chunk)
    commands = chunk.decode().split("\r\n")[:-1]
    conn.server.commands += commands
    return commands


def refuses_all_when_more_follows(conn):
    """As Memcarrot does, which also hangs up after an error."""
    while commands := read(conn):
        if len(commands) > 1:
            conn.send(b"ERROR\r\n")
            return
        conn.answer(commands[0])
        if conn.server.answers[commands[0]].startswith(b"ERROR"):
            return


def hangs_up_when_more_follows(conn):
    while len(commands := read(conn)) == 1:
        conn.answer(commands[0])


def refuses_each_when_more_follows(conn):
    """The same, but it stays connected."""
    while commands := read(conn):
        if len(commands) > 1:
            conn.send(b"ERROR\r\n" * len(commands))
        else:
            conn.answer(commands[0])


def drops_the_rest_after_an_error(conn):
    """As Seastar does."""
    while commands := read(conn):
        for command in commands:
            conn.answer(command)
            if conn.server.answers[command].startswith(b"ERROR"):
                break


def answers_only_the_first(conn):
    while commands := read(conn):
        conn.answer(commands[0])


def keeps_the_rest_until_more_comes(conn):
    """One command for each read; the others stay in its buffer."""
    waiting = []
    while commands := read(conn):
        waiting += commands
        conn.answer(waiting.pop(0))


def hangs_up_after_each(conn):
    conn.answer(read(conn)[0])


def hangs_up_after_an_error(conn):
    """As Darner does."""
    while commands := read(conn):
        for command in commands:
            conn.answer(command)
            if conn.server.answers[command].startswith(b"ERROR"):
                return


SCRIPTS = [hangs_up_when_more_follows, refuses_all_when_more_follows, refuses_each_when_more_follows,
           drops_the_rest_after_an_error, answers_only_the_first,
           keeps_the_rest_until_more_comes, hangs_up_after_each,
           hangs_up_after_an_error]


def hang_up(server):
    for conn in server.connections:
        if conn.sock.fileno() >= 0:
            conn.sock.shutdown(socket.SHUT_RDWR)
    eventually(lambda: all(
        conn.sock.fileno() < 0 for conn in server.connections))


@pytest.mark.parametrize("refused", [{}, REFUSING], ids=["knows", "refuses"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.__name__)
def test_up(fake, exporter, script, refused):
    server = fake(script, answers=refused)
    running = exporter(server.address, timeout=2)
    want = {name: not (refused and name != "stats") for name in ALL}
    for count in range(4):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (1, None)
        assert metrics.value("memcached_current_items") == 7
        assert metrics.success == want
        late = 2 * SLOW / 4 * 1.5 if count == 0 else 2 * SLOW / 4
        assert metrics.value(DURATION) < late
        if count == 1:
            server.reads.clear()
            connections = len(server.connections)
    if script is hangs_up_after_each:
        return
    assert len(server.connections) == connections
    commands = [f"{c}\r\n" for c in (["stats"] if refused else MINIMAL)]
    if not refused and "error" in script.__name__:
        commands = ["".join(commands)]
    assert server.reads == [c.encode() for c in commands] * 2


def test_up_after_silence(fake, exporter):
    """Nothing tells that from a stall, before the deadline."""

    def ignores_when_more_follows(conn):
        while commands := read(conn):
            if len(commands) == 1:
                conn.answer(commands[0])

    server = fake(ignores_when_more_follows)
    running = exporter(server.address, timeout=SLOW)
    assert running.metrics().reason == "timeout"
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1 and all(metrics.success.values())
        assert metrics.value(DURATION) < SLOW / 2
    assert len(server.connections) == 2


def test_hangs_up_when_it_does_not_know(fake, exporter):
    """Without a word: that command is not sent for a while."""

    def script(conn):
        while commands := read(conn):
            for command in commands:
                if command in ("stats slabs", "stats items"):
                    return
                conn.answer(command)

    server = fake(script)
    running = exporter(server.address, timeout=4)
    for _ in range(3):
        assert running.metrics().up == 1
    connections = len(server.connections)
    for _ in range(3):
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.success == {"stats": True, "settings": True,
                                   "slabs": False, "items": False}
    assert len(server.connections) == connections


def test_refused_is_not_asked_again(fake, exporter):
    """On this connection; the next one is asked for all of it."""
    server = fake(answers={"stats slabs": b"ERROR\r\n",
                           "stats items": b"CLIENT_ERROR no\r\n"})
    running = exporter(server.address)
    for _ in range(2):
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.success == {"stats": True, "settings": True,
                                   "slabs": False, "items": False}
    assert server.commands == [*MINIMAL, "stats", "stats settings"]
    server.answers.update(MINIMAL)
    hang_up(server)
    assert all(running.metrics().success.values())


def test_server_error_is_asked_again(fake, exporter):
    """It may pass."""
    server = fake(answers={"stats items": b"SERVER_ERROR out of memory\r\n"})
    running = exporter(server.address)
    assert not running.metrics().success["items"]
    server.answers.update(MINIMAL)
    assert running.metrics().success["items"]


def test_restarted_server_is_asked_for_all(fake, exporter):
    """Its uptime tells; another one may run there now."""
    server = fake(refuses_all_when_more_follows, answers={
        **REFUSING, "stats": b"STAT uptime 100\r\nEND\r\n"})
    running = exporter(server.address)
    for _ in range(2):
        assert running.metrics().success == {
            name: name == "stats" for name in ALL}
    server.script = serve
    server.answers.update({**MINIMAL, "stats": b"STAT uptime 1\r\nEND\r\n"})
    hang_up(server)
    assert running.metrics().up == 1
    hang_up(server)
    server.reads.clear()
    assert all(running.metrics().success.values())
    assert server.reads == ["".join(f"{c}\r\n" for c in MINIMAL).encode()]


@pytest.mark.parametrize("answer, reason", [
    (b"ERROR\r\n", "protocol"),
    (b"INVALID\r\n", "protocol"),
    (b"ERROR Too many open connections\r\n", "refused"),
    (b"CLIENT_ERROR unauthenticated\r\n", "auth"),
])
def test_down_all_the_same(fake, exporter, answer, reason):
    """At once, and what it said first is the reason."""
    def script(conn):
        for _ in conn.commands():
            conn.send(answer)

    server = fake(script)
    running = exporter(server.address, timeout=4)
    for _ in range(2):
        metrics = running.metrics()
        assert (metrics.up, metrics.reason) == (0, reason)
        assert metrics.value(DURATION) < SLOW
    assert len(server.connections) <= 4


def test_slow_server_is_no_such_server(fake, exporter):
    """The whole answer of the first connection counts, if it comes first."""
    gate = threading.Event()

    def script(conn):
        commands = conn.commands()
        conn.answer(next(commands))
        gate.wait()
        if conn.number > 1:
            hang(conn)
        for command in commands:
            conn.answer(command)

    server = fake(script)
    running = exporter(server.address, timeout=4)
    sock = running.send()
    eventually(lambda: len(server.connections) == 2)
    gate.set()
    assert sock.recv(12) == b"HTTP/1.1 200"
    assert running.metrics().up == 1
    assert "stats items" in server.commands


def test_part_that_is_never_answered(fake, exporter):
    """Nor alone: stats was, so it is up by the deadline."""
    def script(conn):
        for command in conn.commands():
            if command == "stats slabs":
                hang(conn)
            conn.answer(command)

    server = fake(script)
    running = exporter(server.address, timeout=1)
    for count in range(4):
        metrics = running.metrics()
        assert metrics.up == 1
        assert metrics.success == {"stats": True, "settings": True,
                                   "slabs": False, "items": count > 0}
        assert count == 0 or metrics.value(DURATION) < 1
    assert len(server.connections) == 3


def test_only_one_connection_is_taken(fake, exporter):
    """The attempt beside the first one fails: what that said counts."""
    server = fake(answers_only_the_first)
    running = exporter(server.address, timeout=0.4)

    def refusing(conn):
        conn.server.refuse()
        answers_only_the_first(conn)

    server.script = refusing
    metrics = running.metrics()
    assert metrics.up == 1
    assert metrics.success == {name: name == "stats" for name in ALL}


def test_closed_by_both(fake, exporter):
    """Half an answer, and then not even that."""
    def script(conn):
        if conn.number == 1:
            conn.answer(read(conn)[0])
        close(conn)

    metrics = exporter(fake(script).address).metrics()
    assert metrics.up == 1
    assert metrics.success == {name: name == "stats" for name in ALL}
