"""The end of the process."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from exporter import BINARY, WRAPPER, environment, receive
from exposition import Exposition
from fake import gated, hang
from poll import SLOW, eventually
from web import basic, hashed, put


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT], ids=str)
def end(request):
    return lambda running: running.process.send_signal(request.param)


def test_idle(fake, exporter, end):
    running = exporter(fake().address)
    running.request(running.connection())
    start = time.monotonic()
    end(running)
    running.wait()
    assert time.monotonic() - start < SLOW


def test_scrapes_under_way_are_answered(fake, exporter, end):
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address, timeout=10)
    socks = [running.send() for _ in range(3)]
    running.settle()
    eventually(lambda: server.collections == 1)
    end(running)
    eventually(lambda: not running.accepts(), timeout=1.5)
    gate.set()
    for answer in map(receive, socks):
        assert answer.status == 200
        assert Exposition(answer.text).up == 1
    running.wait()


def test_hung_target(fake, exporter, end):
    server = fake(hang)
    running = exporter(server.address, timeout=60)
    sock = running.send()
    eventually(lambda: server.collections == 1)
    start = time.monotonic()
    end(running)
    running.wait(timeout=10)
    assert time.monotonic() - start < 3 * SLOW
    sock.close()


def test_twice(fake, exporter, end):
    """Whoever is impatient does no harm."""
    server = fake(hang)
    running = exporter(server.address, timeout=60)
    sock = running.send()
    eventually(lambda: server.collections == 1)
    end(running)
    end(running)
    running.wait(timeout=10)
    sock.close()


def test_again_and_again(exporter, tmp_path, end):
    """Until it is gone, though a check of a password runs on a thread. A
    late SIGHUP does no harm either."""
    flag = put(tmp_path / "web.yml",
               {"basic_auth_users": {"a": hashed("pw", cost=14)}})
    running = exporter(None, flag)
    header, = basic("a", "pw").items()
    sock = running.send(f"GET / HTTP/1.1\r\nHost: x\r\n{header[0]}: "
                        f"{header[1]}\r\n\r\n".encode())
    eventually(lambda: len(os.listdir(f"/proc/{running.pid}/task")) > 1)
    deadline = time.monotonic() + 10 * SLOW
    while running.process.poll() is None and time.monotonic() < deadline:
        end(running)
        running.process.send_signal(signal.SIGHUP)
    running.wait()
    sock.close()


def test_clients_gone_before(fake, exporter):
    """SIGPIPE is no end: a client that left in a scrape."""
    gate = threading.Event()
    server = fake(gated(gate))
    running = exporter(server.address)
    running.send().close()
    eventually(lambda: server.collections == 1)
    gate.set()
    assert running.metrics().up == 1
    running.process.send_signal(signal.SIGPIPE)
    assert running.metrics().up == 1

@pytest.fixture
def starting(tmp_path, stack):
    """An exporter that is still reading its flags, and a function that gives
    it the last of them."""
    path = tmp_path / "flags"
    os.mkfifo(path)

    def start(*flags):
        process = stack.enter_context(subprocess.Popen(
            [*WRAPPER, BINARY, *flags, f"@{path}"], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=environment()))
        stack.callback(process.kill)
        # which takes a reader
        pipe = stack.enter_context(open(path, "w", encoding="ascii"))
        return process, pipe

    return start


LISTEN = "--web.listen-address=127.0.0.1:0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_while_it_starts(starting, number):
    process, _ = starting(LISTEN)
    process.send_signal(number)
    assert process.wait(5 * SLOW) == 0


def test_hangups_while_it_starts(starting):
    """They make it read the configuration once more, when it runs."""
    process, pipe = starting("--memcached.address=")
    for _ in range(3):
        process.send_signal(signal.SIGHUP)
    pipe.write(LISTEN + "\n")
    pipe.close()
    lines = iter(process.stderr.readline, b"")
    assert any(b"Configuration reloaded" in line for line in lines)
    process.terminate()
    rest = process.stderr.read()
    assert process.wait(5 * SLOW) == 0
    assert b"reloaded" not in rest


def test_once_ends_as_usual(fake, starting):
    """A scrape that was not made is no success."""
    server = fake(hang)
    process, pipe = starting(
        f"--memcached.address={server.address}", "--memcached.timeout=60s")
    pipe.write("--once\n")
    pipe.close()
    eventually(lambda: server.collections == 1)
    process.send_signal(signal.SIGINT)
    assert process.wait(5 * SLOW) == -signal.SIGINT


def test_blocked_by_the_parent(exporter, end):
    running = exporter(prefix=(
        sys.executable, "-c", "import os, signal, sys; signal.pthread_sigmask("
        "signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP});"
        "os.execvp(sys.argv[1], sys.argv[1:])"))
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: any("reloaded" in line for line in running.log()))
    end(running)
    running.wait()
