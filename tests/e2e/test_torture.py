"""Each call of a scrape fails in turn, with each error that it may have."""

import contextlib
import errno
import http.client
import itertools
import pathlib

import pytest

from exporter import BINARY, WRAPPER, Exporter, probe
from exposition import Exposition
from poll import eventually
from torture import ALLOCATE, Torture, build
from web import put, secure, trusting

ABORTED = "memcached_exporter: out of memory"
ALLOCATIONS_KEPT = 8
CLOSED_SECONDS = 20

pytestmark = pytest.mark.skipif(
    bool(WRAPPER) or b"AddressSanitizer" in pathlib.Path(BINARY).read_bytes()
    or b"__gcov_" in pathlib.Path(BINARY).read_bytes(),
    reason="allocations are another program's there")

UP, DOWN, NONE = "up", "down", "none"
# What does not say that it will fail again.
PASSING = {errno.EINTR, errno.EAGAIN}

# For each call: the errors, and how a scrape may end with one. NONE: the
# client's own connection has failed, and it is told nothing.
FAULTS = {
    "socket": ({DOWN}, "EMFILE ENFILE ENOBUFS ENOMEM EACCES EAFNOSUPPORT"),
    "connect": ({DOWN}, "ECONNREFUSED ENETUNREACH EHOSTUNREACH ETIMEDOUT "
                "EADDRNOTAVAIL EACCES EPERM EALREADY ENOBUFS"),
    "send": ({DOWN}, "EAGAIN EINTR ECONNRESET EPIPE ENOBUFS ENOMEM"),
    "recv": ({DOWN}, "EAGAIN EINTR ECONNRESET ETIMEDOUT ENOMEM EHOSTUNREACH"),
    "readv": ({NONE}, "EAGAIN EINTR ECONNRESET ETIMEDOUT ENOMEM"),
    "writev": ({NONE}, "EAGAIN EINTR ECONNRESET EPIPE ENOBUFS ENOMEM"),
    "accept4": ({NONE}, "EAGAIN EINTR ECONNABORTED EMFILE ENFILE ENOBUFS "
                "ENOMEM EPROTO EPERM"),
    "epoll_wait": (set(), "EINTR"),
    "epoll_ctl": ({DOWN, NONE}, "ENOMEM ENOSPC"),
    "getsockopt": ({DOWN}, "ENOBUFS ENOMEM"),
    "setsockopt": ({DOWN}, "ENOPROTOOPT ENOBUFS EINVAL"),
}


def one_collection(conn):
    """The next scrape has to connect again."""
    for command in conn.commands():
        conn.answer(command)
        if command == "stats items":
            break


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("torture"))


@pytest.fixture
def torture(library, tmp_path):
    return Torture(library, tmp_path)


def scrape(running, path, tls=None):
    """How it ended. A half answer is an error of http.client."""
    conn = secure(running, tls) if tls else running.connection()
    try:
        with contextlib.closing(conn):
            answer = running.request(conn, path)
    except http.client.IncompleteRead:
        raise
    except (OSError, http.client.HTTPException):
        return NONE
    assert answer.status == 200, answer.text
    samples = Exposition(answer.text)
    if samples.value("memcached_up"):
        assert samples.value("memcached_current_items") == 7
        return UP
    return DOWN


def is_up(running, path, tls=None):
    return scrape(running, path, tls) == UP


def calls_of(torture, running, path, call):
    before = torture.count(call)
    assert is_up(running, path)
    return torture.count(call) - before


@pytest.mark.parametrize("call", FAULTS)
def test_system_calls(call, exporter, fake, torture):
    ends, names = FAULTS[call]
    server = fake(one_collection)
    running = exporter(server.address, env=torture.env, timeout=0.5)
    running.timeout = 2
    path = probe(server.address)
    for _ in range(5):
        assert is_up(running, path)
    number = calls_of(torture, running, path, call)
    assert number > 0, "never called"
    files, live = running.descriptors(), torture.live()
    for name, at in itertools.product(names.split(), range(1, number + 1)):
        err = getattr(errno, name)
        torture.arm(call, at, err)
        end = scrape(running, path)
        torture.disarm()
        assert end in ({UP} if err in PASSING else {UP} | ends), (name, at)
        eventually(lambda: is_up(running, path))
    # a connection that epoll does not watch is late, and kept as such
    late = 1 if call == "epoll_ctl" else 0
    kept = live + ALLOCATIONS_KEPT * (1 + 3 * late)
    eventually(lambda: running.descriptors() <= files + late, CLOSED_SECONDS)
    eventually(lambda: torture.live() <= kept, CLOSED_SECONDS)


@pytest.mark.parametrize(
    "name", "EMFILE ENFILE ENOENT EACCES EINTR ENOMEM".split())
def test_open(name, exporter, fake, torture, tmp_path):
    """A reload that cannot open its file changes nothing."""
    config = tmp_path / "config.yml"
    config.write_text("modules: {a: {timeout: 500ms}}\n")
    server = fake(one_collection)
    running = exporter(
        server.address, f"--config.file={config}", "--web.enable-lifecycle",
        env=torture.env)
    path = f"{probe(server.address)}&module=a"
    assert is_up(running, path)
    torture.arm("open", 1, getattr(errno, name))
    answer = running.get("/-/reload", method="POST")
    assert torture.disarm()
    assert answer.status == 500 and str(config) in answer.text
    assert is_up(running, path)
    assert running.get("/-/reload", method="POST").status == 200
    assert is_up(running, path)


@pytest.mark.parametrize("path, is_tls, step", [
    ("/metrics", False, 1), ("/scrape", False, 1), ("/metrics", True, 29)])
def test_allocations(path, is_tls, step, fake, torture, authority, tmp_path):
    """The process ends with its message, or goes on as if nothing was."""
    server = fake(one_collection)
    flags = [f"--memcached.address={server.address}"]
    tls = trusting(authority) if is_tls else None
    if is_tls:
        pair = authority.issue("DNS:localhost,IP:127.0.0.1")
        flags.append(put(tmp_path / "web.yml", {"tls_server_config": {
            "cert_file": pair.cert, "key_file": pair.key}}))
    if path == "/scrape":
        path = probe(server.address)
    at, failed = 1, True
    while failed:
        running = Exporter(*flags, env=torture.env)
        running.timeout = 2
        torture.arm(ALLOCATE, at)
        end = scrape(running, path, tls)
        failed = torture.disarm()
        survived = is_up(running, path, tls)
        if survived:
            running.process.terminate()
        code = running.process.wait(5)
        running._kill()
        log = running.stderr.decode()
        if failed and code:
            assert ABORTED in log and code == -6, (at, end, code, log)
        else:
            assert end == UP and survived and code == 0, (at, end, code, log)
        at += step
    assert at > 20, "few allocations"
