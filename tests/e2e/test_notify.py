"""What the service manager is told, as sd_notify(3) has it."""

import contextlib
import os
import select
import signal
import socket
import time

import pytest

from exporter import run
from fake import hang
from poll import SLOW, eventually

READY = ["READY=1", "STATUS=Serving"]
RELOADED = ["READY=1", "STATUS=Configuration reloaded"]
STOPPING = ["STOPPING=1", "STATUS=Stopping"]


class Manager:
    """A service manager's end."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(path.replace("@", "\0", 1))
        self.sock.settimeout(5 * SLOW)
        self.env = {"NOTIFY_SOCKET": path}

    def hear(self):
        """The lines of the next message."""
        return self.sock.recv(4096).decode().split("\n")

    def hears_nothing(self):
        assert select.select([self.sock], [], [], 0)[0] == []


@pytest.fixture(params=["%s/notify", "@%s"], ids=["path", "abstract"])
def manager(request, stack, folder):
    manager = Manager(request.param % folder)
    stack.callback(manager.sock.close)
    return manager


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "modules.yml"
    path.write_text("modules: {}\n")
    return path


def hear_reload(manager):
    state, clock = manager.hear()
    assert state == "RELOADING=1"
    name, us = clock.split("=")
    assert name == "MONOTONIC_USEC"
    assert abs(time.monotonic() - int(us) / 1e6) < 5 * SLOW


def test_ready(exporter, manager):
    running = exporter("", env=manager.env)
    assert manager.hear() == READY
    assert running.get("/-/ready").status == 200
    manager.hears_nothing()


def test_not_ready_before_all_listen(manager, dead):
    """What fails to start was never ready."""
    done = run("--memcached.address=", "--web.listen-address=127.0.0.1:0",
               f"--web.listen-address={dead}", env=manager.env)
    assert done.returncode == 1
    manager.hears_nothing()


@pytest.mark.parametrize("flags", [["--once"], ["--config.check"], ["--help"]])
def test_nothing_to_tell(fake, manager, flags):
    done = run(f"--memcached.address={fake().address}", *flags,
               env={**manager.env, "WATCHDOG_USEC": "1"})
    assert done.returncode == 0
    manager.hears_nothing()


@pytest.mark.parametrize("how", ["SIGHUP", "POST"])
def test_reload(exporter, manager, config, how):
    running = exporter("", f"--config.file={config}",
                       "--web.enable-lifecycle", env=manager.env)
    assert manager.hear() == READY

    def reload():
        if how == "POST":
            return running.get("/-/reload", method="POST").status
        running.process.send_signal(signal.SIGHUP)

    for _ in range(2):
        reload()
        hear_reload(manager)
        assert manager.hear() == RELOADED
    config.write_text('modules:\n  a: {"x\\nSTOPPING=1": 1}\n')
    reload()
    hear_reload(manager)
    # as before, since the old configuration is in force; and why
    ready, status = manager.hear()
    assert ready == "READY=1"
    assert status.startswith("STATUS=Not reloaded: ") and ":2:" in status
    manager.hears_nothing()


def test_long_error(exporter, manager, tmp_path):
    """Its end, which says what is wrong, is told as well."""
    folder = tmp_path.joinpath(*["d" * 200] * 4)
    folder.mkdir(parents=True)
    path = folder / "modules.yml"
    path.write_text("modules: {}\n")
    running = exporter("", f"--config.file={path}", env=manager.env)
    assert manager.hear() == READY
    path.write_text("modules: {a: {timeout: soon}}\n")
    running.process.send_signal(signal.SIGHUP)
    hear_reload(manager)
    assert manager.hear()[1].endswith(
        "dd/modules.yml:1:24: expected a duration above zero, such as 1s or "
        "500ms")


def test_stop(fake, exporter, manager):
    """Told at once, not when the last scrape is over."""
    server = fake(hang)
    running = exporter(server.address, timeout=60, env=manager.env)
    assert manager.hear() == READY
    sock = running.send()
    eventually(lambda: server.collections == 1)
    running.process.send_signal(signal.SIGTERM)
    assert manager.hear() == STOPPING
    assert running.process.poll() is None
    running.wait()
    sock.close()
    manager.hears_nothing()


@pytest.mark.parametrize("own", [True, False])
def test_watchdog(exporter, manager, own):
    us = int(400000 * SLOW)
    env = {**manager.env, "WATCHDOG_USEC": str(us)}
    # exec keeps the process id
    prefix = ["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "sh"] if own else ()
    running = exporter("", env=env, prefix=prefix)
    assert manager.hear() == READY
    times = []
    for _ in range(4):
        assert manager.hear() == ["WATCHDOG=1"]
        times.append(time.monotonic())
    # the first may have been heard late
    assert us / 2e6 * 1.5 < times[3] - times[0] < us / 1e6 * 3
    running.process.send_signal(signal.SIGTERM)
    eventually(lambda: manager.hear() == STOPPING)
    running.wait()


@pytest.mark.parametrize("env", [
    {"WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"},
    {"WATCHDOG_USEC": "0"},
    {"WATCHDOG_USEC": "-2000"},
    {"WATCHDOG_USEC": str(2 ** 64 - 1)},
    {"WATCHDOG_PID": str(os.getpid())},
])
def test_no_watchdog(exporter, manager, env):
    running = exporter("", env={**manager.env, **env})
    assert manager.hear() == READY
    end = time.monotonic() + 0.05 * SLOW
    while time.monotonic() < end:
        running.settle()
    manager.hears_nothing()


def test_shortest_watchdog(exporter, manager):
    """As often as is good for it, not as often as was asked."""
    running = exporter("", env={**manager.env, "WATCHDOG_USEC": "1"})
    assert manager.hear() == READY
    count, end = 0, time.monotonic() + 0.1
    while time.monotonic() < end:
        count += manager.hear() == ["WATCHDOG=1"]
    assert 1 <= count <= 110
    assert running.get("/-/healthy").status == 200


def warnings(running):
    return [line for line in running.log() if "level=WARN" in line]


def test_manager_who_does_not_listen(exporter, manager):
    """His queue fills up, and nobody waits for him."""
    running = exporter("", env={**manager.env, "WATCHDOG_USEC": "2000"})
    eventually(lambda: warnings(running))
    for _ in range(5):
        running.settle()
    running.stop()
    [warning] = warnings(running)
    assert "WATCHDOG=1" in warning and "unavailable" in warning


@pytest.mark.parametrize("path, words", [
    ("/nonexistent/notify", "No such file"),
    ("@nobody-is-there", "refused"),
    ("relative", "neither a path nor @name"),
    ("vsock:2:1234", "neither a path nor @name"),
    ("/" + 200 * "x", "neither a path nor @name"),
])
def test_manager_who_is_not_there(exporter, path, words):
    """Told once, and everything works."""
    running = exporter("", env={
        "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000"})
    running.process.send_signal(signal.SIGHUP)
    running.settle()
    running.stop()
    [warning] = warnings(running)
    assert words in warning


@pytest.mark.parametrize("env", [{}, {"NOTIFY_SOCKET": ""}])
def test_without_manager(exporter, manager, env):
    """Nothing: no descriptor and no line in the log."""
    told = exporter("", env=manager.env)
    running = exporter("", env={"WATCHDOG_USEC": "2000", **env})
    assert manager.hear() == READY
    with contextlib.closing(running.connection()) as first, \
            contextlib.closing(told.connection()) as second:
        running.request(first)
        told.request(second)
        assert running.descriptors() == told.descriptors() - 1
    running.stop()
    assert not warnings(running)
