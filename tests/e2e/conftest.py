"""End-to-end tests of the real binary. EXPORTER names another one than
build/memcached_exporter, EXPORTER_WRAPPER a command to put in front of it,
EXPORTER_SLOW how many times slower that is."""

import contextlib
import functools
import resource
import socket
import subprocess
import tempfile

import pytest

from authority import Authority
from browser import Browser
from daemons import Memcached
from exporter import Exporter
from fake import FakeServer
from nameserver import Nameserver
from poll import SLOW

# Mounts files over those of /etc before the rest runs.
MOUNT = (
    "unshare", "-rm", "sh", "-c",
    'for f in hosts resolv.conf; do mount --bind "$0/$f" "/etc/$f" || exit; '
    'done; exec "$@"',
)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than some seconds")
    # A thousand clients are a thousand descriptors here and in the exporter.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def stack():
    """What is started for a test ends with it, in reverse order."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def folder(stack):
    """A short path: that of a unix socket has 107 bytes at most."""
    return stack.enter_context(tempfile.TemporaryDirectory(prefix="e2e-"))


def started(stack, kind, *args, **rest):
    thing = kind(*args, **rest)
    stack.callback(thing.stop)
    return thing


@pytest.fixture
def exporter(stack):
    """exporter(address, flag…) runs one for that memcached. timeout is in
    seconds of a machine that is not slow."""

    def start(address=None, *flags, timeout=1, **rest):
        if address is not None:
            flags += (f"--memcached.address={address}",)
        if timeout * SLOW != 1:
            flags += (f"--memcached.timeout={timeout * SLOW:g}s",)
        return started(stack, Exporter, *flags, **rest)

    return start


@pytest.fixture
def fake(stack):
    return functools.partial(started, stack, FakeServer)


@pytest.fixture
def memcached(stack):
    return functools.partial(started, stack, Memcached)


@pytest.fixture(scope="module")
def chromium():
    with tempfile.TemporaryDirectory(prefix="e2e-") as folder, \
            contextlib.ExitStack() as stack:
        browser = Browser(folder)
        stack.callback(browser.stop)
        yield browser


@pytest.fixture
def browser(stack, chromium):
    """As a desktop with light colours. The page must not have complained; it
    is gone before what it asks, that the stack ends."""
    chromium.resize(1280, 900)
    chromium.prefer("light")
    chromium.console()
    yield chromium
    assert chromium.console() == []
    chromium.open("about:blank")


@pytest.fixture
def nameserver(stack):
    return functools.partial(started, stack, Nameserver)


@pytest.fixture
def dead(stack):
    """An address where nobody listens, and nobody else can."""
    sock = stack.enter_context(socket.socket())
    sock.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def etc(tmp_path):
    """etc(hosts, resolv_conf): the prefix of a command that shall see these
    instead of the machine's."""

    def prepare(hosts="127.0.0.1 localhost\n", resolv_conf=""):
        (tmp_path / "hosts").write_text(hosts)
        (tmp_path / "resolv.conf").write_text(resolv_conf)
        prefix = [*MOUNT, str(tmp_path)]
        done = subprocess.run([*prefix, "true"], check=False)
        if done.returncode:
            pytest.skip("no right to mount in a namespace of one's own")
        return prefix

    return prepare
